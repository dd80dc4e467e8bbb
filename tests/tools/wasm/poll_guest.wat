;; A component that waits for several things at once, all of them ready, and returns how many it is told are.
(component
  (import "wasi:io/poll@VERSION" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@VERSION" (instance $clock
    (alias outer 1 $pollable (type $pollable-o))
    (export "pollable" (type $pollable (eq $pollable-o)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $wait (canon lower (func $poll "poll") (memory $memory) (realloc $realloc)))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core module $main
    (import "c" "memory" (memory 1))
    (import "c" "wait" (func $wait (param i32 i32 i32)))
    (import "c" "subscribe" (func $subscribe (param i64) (result i32)))
    (func (export "wait") (param $count i32) (result i32)
      (local $i i32)
      (loop $more
        (i32.store (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 4))) (call $subscribe (i64.const 0)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $i) (local.get $count))))
      (call $wait (i32.const 4096) (local.get $count) (i32.const 64))
      (i32.load (i32.const 68))))
  (core instance $main (instantiate $main (with "c" (instance
    (export "memory" (memory $memory)) (export "wait" (func $wait)) (export "subscribe" (func $subscribe))))))
  (func (export "wait") (param "count" u32) (result u32) (canon lift (core func $main "wait"))))
