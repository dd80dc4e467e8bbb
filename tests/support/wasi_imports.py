"""The interfaces of WASI 0.2, as far as guests in tests use them, in WebAssembly's text form."""

from __future__ import annotations

_FS_ERRORS = """"access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist" "file-too-large"
 "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links"
 "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory" "insufficient-space"
 "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted"
 "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device\""""

_SOCKET_ERRORS = """"unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
 "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit" "address-not-bindable"
 "address-in-use" "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted"
 "datagram-too-large" "name-unresolvable" "temporary-resolver-failure" "permanent-resolver-failure\""""

IO = """
  (import "wasi:io/poll@VERSION" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/error@VERSION" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@VERSION" (instance $streams
    (alias outer 1 $error (type $outer-error)) (export "error" (type $error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "input-stream" (type $input-stream (sub resource)))
    (export "output-stream" (type $output-stream (sub resource)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $input-stream)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $output-stream))
      (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
"""

CLOCKS = """
  (import "wasi:clocks/wall-clock@VERSION" (instance $wall
    (type $fields (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $datetime (eq $fields)))
    (export "now" (func (result $datetime)))
    (export "resolution" (func (result $datetime)))))
  (import "wasi:clocks/monotonic-clock@VERSION" (instance $mono
    (alias outer 1 $pollable (type $outer)) (export "pollable" (type $pollable (eq $outer)))
    (export "now" (func (result u64)))
    (export "resolution" (func (result u64)))
    (export "subscribe-instant" (func (param "when" u64) (result (own $pollable))))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
"""

RANDOM = """
  (import "wasi:random/random@VERSION" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:random/insecure@VERSION" (instance $insecure
    (export "get-insecure-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-insecure-random-u64" (func (result u64)))))
  (import "wasi:random/insecure-seed@VERSION" (instance $seed
    (export "insecure-seed" (func (result (tuple u64 u64))))))
"""

CLI = """
  (import "wasi:cli/environment@VERSION" (instance $environment
    (export "get-environment" (func (result (list (tuple string string)))))
    (export "get-arguments" (func (result (list string))))
    (export "initial-cwd" (func (result (option string))))))
  (import "wasi:cli/exit@VERSION" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "wasi:cli/stdin@VERSION" (instance $stdin
    (alias outer 1 $input-stream (type $outer)) (export "input-stream" (type $stream (eq $outer)))
    (export "get-stdin" (func (result (own $stream))))))
  (import "wasi:cli/stdout@VERSION" (instance $stdout
    (alias outer 1 $output-stream (type $outer)) (export "output-stream" (type $stream (eq $outer)))
    (export "get-stdout" (func (result (own $stream))))))
  (import "wasi:cli/terminal-input@VERSION" (instance $terminal-input
    (export "terminal-input" (type (sub resource)))))
  (alias export $terminal-input "terminal-input" (type $terminal-input))
  (import "wasi:cli/terminal-output@VERSION" (instance $terminal-output
    (export "terminal-output" (type (sub resource)))))
  (alias export $terminal-output "terminal-output" (type $terminal-output))
  (import "wasi:cli/terminal-stdin@VERSION" (instance $terminal-stdin
    (alias outer 1 $terminal-input (type $outer)) (export "terminal-input" (type $terminal (eq $outer)))
    (export "get-terminal-stdin" (func (result (option (own $terminal)))))))
  (import "wasi:cli/terminal-stdout@VERSION" (instance $terminal-stdout
    (alias outer 1 $terminal-output (type $outer)) (export "terminal-output" (type $terminal (eq $outer)))
    (export "get-terminal-stdout" (func (result (option (own $terminal)))))))
"""

FILES = f"""
  (import "wasi:filesystem/types@VERSION" (instance $fs
    (export "descriptor" (type $descriptor (sub resource)))
    (type $errors (enum {_FS_ERRORS})) (export "error-code" (type $error-code (eq $errors)))
    (type $paths (flags "symlink-follow")) (export "path-flags" (type $path-flags (eq $paths)))
    (type $opens (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $opens)))
    (type $modes (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $modes)))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags)
      (param "path" string) (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $error-code)))))
    (export "[method]descriptor.read" (func (param "self" (borrow $descriptor)) (param "length" u64)
      (param "offset" u64) (result (result (tuple (list u8) bool) (error $error-code)))))
    (export "[method]descriptor.write" (func (param "self" (borrow $descriptor)) (param "buffer" (list u8))
      (param "offset" u64) (result (result u64 (error $error-code)))))
    (export "[method]descriptor.symlink-at" (func (param "self" (borrow $descriptor)) (param "old-path" string)
      (param "new-path" string) (result (result (error $error-code)))))
    (export "[method]descriptor.link-at" (func (param "self" (borrow $descriptor))
      (param "old-path-flags" $path-flags) (param "old-path" string) (param "new-descriptor" (borrow $descriptor))
      (param "new-path" string) (result (result (error $error-code)))))
    (export "[method]descriptor.rename-at" (func (param "self" (borrow $descriptor)) (param "old-path" string)
      (param "new-descriptor" (borrow $descriptor)) (param "new-path" string) (result (result (error $error-code)))))
    (export "[method]descriptor.unlink-file-at" (func (param "self" (borrow $descriptor)) (param "path" string)
      (result (result (error $error-code)))))
    (export "[method]descriptor.create-directory-at" (func (param "self" (borrow $descriptor)) (param "path" string)
      (result (result (error $error-code)))))
    (export "[method]descriptor.readlink-at" (func (param "self" (borrow $descriptor)) (param "path" string)
      (result (result string (error $error-code)))))))
  (alias export $fs "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@VERSION" (instance $preopens
    (alias outer 1 $descriptor (type $outer)) (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
"""

SOCKETS = f"""
  (import "wasi:sockets/network@VERSION" (instance $network
    (export "network" (type (sub resource)))
    (type $errors (enum {_SOCKET_ERRORS})) (export "error-code" (type (eq $errors)))
    (type $families (enum "ipv4" "ipv6")) (export "ip-address-family" (type (eq $families)))
    (type $four (tuple u8 u8 u8 u8)) (export "ipv4-address" (type $ipv4 (eq $four)))
    (type $six (tuple u16 u16 u16 u16 u16 u16 u16 u16)) (export "ipv6-address" (type $ipv6 (eq $six)))
    (type $either (variant (case "ipv4" $ipv4) (case "ipv6" $ipv6))) (export "ip-address" (type (eq $either)))))
  (alias export $network "network" (type $network))
  (alias export $network "error-code" (type $socket-error))
  (alias export $network "ip-address-family" (type $family))
  (alias export $network "ip-address" (type $ip-address))
  (import "wasi:sockets/instance-network@VERSION" (instance $instance-network
    (alias outer 1 $network (type $outer)) (export "network" (type $network (eq $outer)))
    (export "instance-network" (func (result (own $network))))))
  (import "wasi:sockets/tcp@VERSION" (instance $tcp (export "tcp-socket" (type (sub resource)))))
  (alias export $tcp "tcp-socket" (type $tcp-socket))
  (import "wasi:sockets/tcp-create-socket@VERSION" (instance $tcp-create
    (alias outer 1 $tcp-socket (type $outer)) (export "tcp-socket" (type $socket (eq $outer)))
    (alias outer 1 $socket-error (type $outer-error)) (export "error-code" (type $error-code (eq $outer-error)))
    (alias outer 1 $family (type $outer-family)) (export "ip-address-family" (type $family (eq $outer-family)))
    (export "create-tcp-socket" (func (param "address-family" $family)
      (result (result (own $socket) (error $error-code)))))))
  (import "wasi:sockets/udp@VERSION" (instance $udp (export "udp-socket" (type (sub resource)))))
  (alias export $udp "udp-socket" (type $udp-socket))
  (import "wasi:sockets/udp-create-socket@VERSION" (instance $udp-create
    (alias outer 1 $udp-socket (type $outer)) (export "udp-socket" (type $socket (eq $outer)))
    (alias outer 1 $socket-error (type $outer-error)) (export "error-code" (type $error-code (eq $outer-error)))
    (alias outer 1 $family (type $outer-family)) (export "ip-address-family" (type $family (eq $outer-family)))
    (export "create-udp-socket" (func (param "address-family" $family)
      (result (result (own $socket) (error $error-code)))))))
  (import "wasi:sockets/ip-name-lookup@VERSION" (instance $lookup
    (alias outer 1 $network (type $outer)) (export "network" (type $network (eq $outer)))
    (alias outer 1 $socket-error (type $outer-error)) (export "error-code" (type $error-code (eq $outer-error)))
    (alias outer 1 $ip-address (type $outer-address)) (export "ip-address" (type $ip-address (eq $outer-address)))
    (export "resolve-address-stream" (type $stream (sub resource)))
    (export "[method]resolve-address-stream.resolve-next-address" (func (param "self" (borrow $stream))
      (result (result (option $ip-address) (error $error-code)))))
    (export "resolve-addresses" (func (param "network" (borrow $network)) (param "name" string)
      (result (result (own $stream) (error $error-code)))))))
"""

HTTP = """
  (import "wasi:http/types@VERSION" (instance $http
    (export "fields" (type $fields (sub resource)))
    (export "outgoing-request" (type $request (sub resource)))
    (export "request-options" (type $options (sub resource)))
    (export "future-incoming-response" (type $future (sub resource)))
    (type $errors (variant (case "HTTP-request-denied") (case "internal-error" (option string))))
    (export "error-code" (type $error-code (eq $errors)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))
    (export "[constructor]request-options" (func (result (own $options))))))
  (alias export $http "fields" (type $fields))
  (alias export $http "outgoing-request" (type $request))
  (alias export $http "request-options" (type $options))
  (alias export $http "future-incoming-response" (type $future))
  (alias export $http "error-code" (type $http-error))
  (import "wasi:http/outgoing-handler@VERSION" (instance $handler
    (alias outer 1 $request (type $outer)) (export "outgoing-request" (type $request (eq $outer)))
    (alias outer 1 $options (type $outer-options)) (export "request-options" (type $options (eq $outer-options)))
    (alias outer 1 $future (type $outer-future)) (export "future-incoming-response" (type $future (eq $outer-future)))
    (alias outer 1 $http-error (type $outer-error)) (export "error-code" (type $error-code (eq $outer-error)))
    (export "handle" (func (param "request" (own $request)) (param "options" (option (own $options)))
      (result (result (own $future) (error $error-code)))))))
"""
