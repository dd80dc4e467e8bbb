;; A component that sends one request by agentctl:tool/http and returns the body of the answer, or the code of a failure.
(component
  (import "agentctl:tool/http@0.1.0" (instance $http
    (type $headers (list (tuple string string)))
    (type $request' (record (field "method" string) (field "url" string) (field "headers" $headers)
      (field "body" (option (list u8)))))
    (export "request" (type $request (eq $request')))
    (type $response' (record (field "status" u16) (field "headers" $headers) (field "body" (list u8))))
    (export "response" (type $response (eq $response')))
    (type $error' (record (field "code" string) (field "message" string)))
    (export "fetch-error" (type $error (eq $error')))
    (export "fetch" (func (param "request" $request) (result (result $response (error $error)))))))
  (core module $libc
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (if (i32.gt_u (global.get $next) (i32.const 4194304)) (then unreachable))
      (local.get $at)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $fetch (canon lower (func $http "fetch") (memory $memory) (realloc $realloc)))
  (core module $main
    (import "c" "memory" (memory 1))
    (import "c" "fetch" (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 100) "POSTX-Athe value")
    ;; One header, whose name is at 104 and whose value at 107.
    (data (i32.const 64) "\68\00\00\00\03\00\00\00\6b\00\00\00\09\00\00\00")
    (func (export "post") (param $url i32) (param $url-length i32) (param $body i32) (param $body-length i32) (result i32)
      (call $fetch (i32.const 100) (i32.const 4) (local.get $url) (local.get $url-length) (i32.const 64) (i32.const 1)
        (i32.const 1) (local.get $body) (local.get $body-length) (i32.const 32))
      (if (result i32) (i32.load8_u (i32.const 32)) (then (i32.const 36)) (else (i32.const 48)))))
  (core instance $main (instantiate $main (with "c" (instance
    (export "memory" (memory $memory)) (export "fetch" (func $fetch))))))
  (func (export "post") (param "url" string) (param "body" string) (result string)
    (canon lift (core func $main "post") (memory $memory) (realloc $realloc))))
