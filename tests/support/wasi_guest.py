"""A component that tries all that WASI 0.2 offers, one function for each attempt, in a version of one's choice."""

from __future__ import annotations

from functools import cache

from support import wasi_imports as wasi
from support.wat import Host, component

_OWN = "(result i32)"
_HOSTS = (
    Host("wall_now", "$wall", "now", "(param i32)"),
    Host("wall_resolution", "$wall", "resolution", "(param i32)"),
    Host("mono_now", "$mono", "now", "(result i64)"),
    Host("mono_resolution", "$mono", "resolution", "(result i64)"),
    Host("sleep", "$mono", "subscribe-duration", "(param i64) (result i32)"),
    Host("wake", "$mono", "subscribe-instant", "(param i64) (result i32)"),
    Host("block", "$poll", "[method]pollable.block", "(param i32)"),
    Host("random_bytes", "$random", "get-random-bytes", "(param i64 i32)"),
    Host("random_word", "$random", "get-random-u64", "(result i64)"),
    Host("insecure_bytes", "$insecure", "get-insecure-random-bytes", "(param i64 i32)"),
    Host("insecure_word", "$insecure", "get-insecure-random-u64", "(result i64)"),
    Host("seed", "$seed", "insecure-seed", "(param i32)"),
    Host("environment", "$environment", "get-environment", "(param i32)"),
    Host("arguments", "$environment", "get-arguments", "(param i32)"),
    Host("cwd", "$environment", "initial-cwd", "(param i32)"),
    Host("exit", "$exit", "exit", "(param i32)"),
    Host("stdin", "$stdin", "get-stdin", _OWN),
    Host("stdout", "$stdout", "get-stdout", _OWN),
    Host("stream_read", "$streams", "[method]input-stream.blocking-read", "(param i32 i64 i32)"),
    Host("stream_write", "$streams", "[method]output-stream.blocking-write-and-flush", "(param i32 i32 i32 i32)"),
    Host("terminal_in", "$terminal-stdin", "get-terminal-stdin", "(param i32)"),
    Host("terminal_out", "$terminal-stdout", "get-terminal-stdout", "(param i32)"),
    Host("directories", "$preopens", "get-directories", "(param i32)"),
    Host("open_at", "$fs", "[method]descriptor.open-at", "(param i32 i32 i32 i32 i32 i32 i32)"),
    Host("read_file", "$fs", "[method]descriptor.read", "(param i32 i64 i64 i32)"),
    Host("write_file", "$fs", "[method]descriptor.write", "(param i32 i32 i32 i64 i32)"),
    Host("symlink_at", "$fs", "[method]descriptor.symlink-at", "(param i32 i32 i32 i32 i32 i32)"),
    Host("link_at", "$fs", "[method]descriptor.link-at", "(param i32 i32 i32 i32 i32 i32 i32 i32)"),
    Host("rename_at", "$fs", "[method]descriptor.rename-at", "(param i32 i32 i32 i32 i32 i32 i32)"),
    Host("unlink_at", "$fs", "[method]descriptor.unlink-file-at", "(param i32 i32 i32 i32)"),
    Host("mkdir_at", "$fs", "[method]descriptor.create-directory-at", "(param i32 i32 i32 i32)"),
    Host("readlink_at", "$fs", "[method]descriptor.readlink-at", "(param i32 i32 i32 i32)"),
    Host("network", "$instance-network", "instance-network", _OWN),
    Host("tcp", "$tcp-create", "create-tcp-socket", "(param i32 i32)"),
    Host("udp", "$udp-create", "create-udp-socket", "(param i32 i32)"),
    Host("resolve", "$lookup", "resolve-addresses", "(param i32 i32 i32 i32)"),
    Host("next", "$lookup", "[method]resolve-address-stream.resolve-next-address", "(param i32 i32)"),
    Host("fields", "$http", "[constructor]fields", _OWN),
    Host("options", "$http", "[constructor]request-options", _OWN),
    Host("request", "$http", "[constructor]outgoing-request", "(param i32) (result i32)"),
    Host("handle", "$handler", "handle", "(param i32 i32 i32 i32)"),
)

# What hosts return is written to 256 and on; where it stands, and its length, is told the caller at 32.
_BODY = """
    (func $answer (param i32 i32) (result i32)
      (i32.store (i32.const 32) (local.get 0)) (i32.store (i32.const 36) (local.get 1)) (i32.const 32))
    (func $directory (param $n i32) (result i32)
      (call $directories (i32.const 64))
      (if (i32.ge_u (local.get $n) (i32.load (i32.const 68))) (then (unreachable)))
      (i32.load (i32.add (i32.load (i32.const 64)) (i32.mul (local.get $n) (i32.const 12)))))
    (func $told (result i32) (call $answer (i32.const 256) (i32.const 8)))
    (func $found (result i32)
      (if (result i32) (i32.load8_u (i32.const 256))
        (then (call $told)) (else (call $answer (i32.load (i32.const 260)) (i32.load (i32.const 264))))))

    (func (export "wall") (result i64) (call $wall_now (i32.const 256)) (i64.load (i32.const 256)))
    (func (export "wall-resolution") (result i64)
      (call $wall_resolution (i32.const 256)) (i64.load (i32.const 256)))
    (func (export "mono") (result i64) (call $mono_now))
    (func (export "mono-resolution") (result i64) (call $mono_resolution))
    (func (export "sleep") (param i64) (result i64)
      (local $before i64)
      (local.set $before (call $mono_now))
      (call $block (call $sleep (local.get 0)))
      (i64.sub (call $mono_now) (local.get $before)))
    (func (export "wake") (param i64) (result i64)
      (call $block (call $wake (i64.add (call $mono_now) (local.get 0)))) (call $wall_now (i32.const 256))
      (i64.load (i32.const 256)))

    (func (export "random") (param i64) (result i32)
      (call $random_bytes (local.get 0) (i32.const 256)) (i32.const 256))
    (func (export "random-word") (result i64) (call $random_word))
    (func (export "insecure") (param i64) (result i32)
      (call $insecure_bytes (local.get 0) (i32.const 256)) (i32.const 256))
    (func (export "insecure-word") (result i64) (call $insecure_word))
    (func (export "insecure-seed") (result i32) (call $seed (i32.const 256)) (i32.const 256))

    (func (export "environment") (result i32) (call $environment (i32.const 256)) (i32.const 256))
    (func (export "arguments") (result i32) (call $arguments (i32.const 256)) (i32.const 256))
    (func (export "cwd") (result i32) (call $cwd (i32.const 256)) (i32.const 256))
    (func (export "exit") (param i32) (call $exit (local.get 0)))

    (func (export "read-stdin") (result i32)
      (call $stream_read (call $stdin) (i64.const 4096) (i32.const 256)) (call $found))
    (func (export "write-stdout") (param i32 i32) (result i32)
      (call $stream_write (call $stdout) (local.get 0) (local.get 1) (i32.const 256)) (call $told))
    (func (export "terminals") (result i32)
      (call $terminal_in (i32.const 256)) (call $terminal_out (i32.const 264))
      (i32.add (i32.load8_u (i32.const 256)) (i32.load8_u (i32.const 264))))

    (func (export "count-directories") (result i32) (call $directories (i32.const 64)) (i32.load (i32.const 68)))
    (func $open (param $n i32) (param $path i32) (param $length i32) (param $follow i32)
      (param $opens i32) (param $mode i32)
      (call $open_at (call $directory (local.get $n)) (local.get $follow) (local.get $path) (local.get $length)
        (local.get $opens) (local.get $mode) (i32.const 256)))
    (func (export "read") (param $n i32) (param $path i32) (param $length i32) (param $follow i32) (result i32)
      (call $open (local.get $n) (local.get $path) (local.get $length) (local.get $follow) (i32.const 0) (i32.const 1))
      (if (i32.load8_u (i32.const 256)) (then (return (call $told))))
      (call $read_file (i32.load (i32.const 260)) (i64.const 4096) (i64.const 0) (i32.const 256))
      (call $found))
    (func (export "write") (param $n i32) (param $path i32) (param $length i32) (param $follow i32) (result i32)
      (call $open (local.get $n) (local.get $path) (local.get $length) (local.get $follow) (i32.const 1) (i32.const 3))
      (if (i32.load8_u (i32.const 256)) (then (return (call $told))))
      (call $write_file (i32.load (i32.const 260)) (local.get $path) (local.get $length) (i64.const 0) (i32.const 256))
      (call $told))
    (func (export "symlink") (param i32 i32 i32 i32 i32) (result i32)
      (call $symlink_at (call $directory (local.get 0)) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (i32.const 256))
      (call $told))
    (func (export "link") (param i32 i32 i32 i32 i32 i32) (result i32)
      (call $link_at (call $directory (local.get 0)) (i32.const 0) (local.get 1) (local.get 2)
        (call $directory (local.get 3)) (local.get 4) (local.get 5) (i32.const 256))
      (call $told))
    (func (export "rename") (param i32 i32 i32 i32 i32 i32) (result i32)
      (call $rename_at (call $directory (local.get 0)) (local.get 1) (local.get 2)
        (call $directory (local.get 3)) (local.get 4) (local.get 5) (i32.const 256))
      (call $told))
    (func (export "unlink") (param i32 i32 i32) (result i32)
      (call $unlink_at (call $directory (local.get 0)) (local.get 1) (local.get 2) (i32.const 256)) (call $told))
    (func (export "mkdir") (param i32 i32 i32) (result i32)
      (call $mkdir_at (call $directory (local.get 0)) (local.get 1) (local.get 2) (i32.const 256)) (call $told))
    (func (export "readlink") (param i32 i32 i32) (result i32)
      (call $readlink_at (call $directory (local.get 0)) (local.get 1) (local.get 2) (i32.const 256)) (call $found))
    (func (export "symlink-then-read") (param i32 i32 i32 i32 i32) (result i32)
      (call $symlink_at (call $directory (local.get 0)) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
        (i32.const 256))
      (call $open (local.get 0) (local.get 3) (local.get 4) (i32.const 1) (i32.const 0) (i32.const 1))
      (if (i32.load8_u (i32.const 256)) (then (return (call $told))))
      (call $read_file (i32.load (i32.const 260)) (i64.const 4096) (i64.const 0) (i32.const 256))
      (call $found))

    (func (export "tcp") (param i32) (result i32) (call $tcp (local.get 0) (i32.const 256)) (call $told))
    (func (export "udp") (param i32) (result i32) (call $udp (local.get 0) (i32.const 256)) (call $told))
    (func (export "resolve") (param i32 i32) (result i32)
      (call $resolve (call $network) (local.get 0) (local.get 1) (i32.const 256)) (call $told))
    (func (export "next-address") (param i32) (result i32) (call $next (local.get 0) (i32.const 256)) (call $told))
    (func (export "http-fields") (result i32) (call $fields))
    (func (export "http-options") (result i32) (call $options))
    (func (export "http-request") (result i32)
      (call $handle (call $request (call $fields)) (i32.const 0) (i32.const 0) (i32.const 256)) (i32.const 0))
    (func (export "http-handle") (param i32) (result i32)
      (call $handle (local.get 0) (i32.const 0) (i32.const 0) (i32.const 256)) (i32.const 0))
"""

_BYTES = "(result (list u8))"
_AT = '(param "directory" u32) (param "path" string)'
_TWO = '(param "directory" u32) (param "old" string) (param "into" u32) (param "new" string)'
_EXPORTS = (
    *((name, "(result u64)") for name in ("wall", "wall-resolution", "mono", "mono-resolution")),
    *((name, "(result u64)") for name in ("random-word", "insecure-word")),
    *((name, '(param "nanoseconds" u64) (result u64)') for name in ("sleep", "wake")),
    *((name, f'(param "length" u64) {_BYTES}') for name in ("random", "insecure")),
    ("insecure-seed", "(result (tuple u64 u64))"),
    ("environment", "(result (list (tuple string string)))"),
    ("arguments", "(result (list string))"),
    ("cwd", "(result (option string))"),
    ("exit", '(param "status" (result))'),
    ("read-stdin", _BYTES),
    ("write-stdout", f'(param "text" string) {_BYTES}'),
    ("terminals", "(result u32)"),
    ("count-directories", "(result u32)"),
    *((name, f'{_AT} (param "follow" bool) {_BYTES}') for name in ("read", "write")),
    *((name, f"{_AT} {_BYTES}") for name in ("unlink", "mkdir", "readlink")),
    *((name, f"{_TWO} {_BYTES}") for name in ("link", "rename")),
    *(
        (name, f'(param "directory" u32) (param "target" string) (param "name" string) {_BYTES}')
        for name in ("symlink", "symlink-then-read")
    ),
    *((name, f'(param "family" u32) {_BYTES}') for name in ("tcp", "udp")),
    ("resolve", f'(param "name" string) {_BYTES}'),
    ("next-address", f'(param "stream" u32) {_BYTES}'),
    *((name, "(result u32)") for name in ("http-fields", "http-options", "http-request")),
    ("http-handle", '(param "request" u32) (result u32)'),
)


@cache
def guest(version: str = "0.2.0") -> str:
    """Return the component, which imports that version of every interface."""
    imports = f"{wasi.IO}{wasi.CLOCKS}{wasi.RANDOM}{wasi.CLI}{wasi.FILES}{wasi.SOCKETS}{wasi.HTTP}"
    return component(imports.replace("VERSION", version), _HOSTS, _BODY, _EXPORTS)
