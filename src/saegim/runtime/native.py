"""The native half of the thread pool, in LLVM IR.

One wave at a time is open. Its items lie in chunks, and whoever comes takes the next chunk, so nobody is waited for
who has not begun: a thread that sleeps, or that the system has given no core, costs nothing but its help. Whoever
finishes the last chunk of a wave opens the next one; waves of one item it does itself on the way.

The word `claim` holds the number of the wave (its epoch, in the upper 44 bits) and the next chunk. A chunk is taken by
compare-and-swap of the whole word, after everything that describes the wave was read: if the swap succeeds, the epoch
did not change in between and what was read belongs together. Before the description is written anew, the word gets a
new epoch with an impossible chunk, so that nobody can take a chunk of a wave that is half described.

Who finds nothing to do spins for a while and then sleeps until the epoch changes. A sleeper first counts itself and
then looks at `claim` once more; a publisher first writes `claim` and then looks at the count; both orders are
sequentially consistent, so one of them sees the other and no sleeper is forgotten.
"""

from __future__ import annotations

from string import Template

# Bytes of the state, and where its fields begin: what different threads write lies in different cache lines.
STATE_BYTES = 2048
FIELDS = {
    "claim": 0,  # i64: epoch and next chunk
    "done": 128,  # i64: chunks finished
    "function": 256,  # what describes the open wave, this line and the next four words
    "items": 264,
    "size": 272,  # items of a chunk
    "chunks": 280,
    "context": 288,
    "faults": 296,
    "next": 384,  # ptr: the waves that are still to come; used by whoever opens the next one
    "remaining": 392,
    "threads": 400,
    "sleepers": 512,  # i64: workers that sleep or are about to
    "waiting": 520,  # i64: whether the caller does
    "spins": 528,  # i64: how often to look before sleeping
    "finished": 640,  # i64: whether the run is over
    "stop": 648,  # i64: whether workers shall leave
    "busy": 768,  # i64: whether somebody runs waves, or the pool is closed
    "mutex": 1024,  # pthread's objects, with much more room than any system needs
    "rested": 1280,  # the condition that workers sleep on
    "returned": 1536,  # the condition that the caller sleeps on
}

CHUNK_BITS = 20
CHUNKS_PER_THREAD = 16
MOST_THREADS = 256  # so that the chunks of a wave can be counted in CHUNK_BITS

# After so many looks (a power of two) a spinning thread lets others run that wait for its core.
_YIELD_AFTER = 256

_PAUSES = {"x86_64": ("void @llvm.x86.sse2.pause()", "()"), "aarch64": ("void @llvm.aarch64.hint(i32)", "(i32 1)")}

_TEXT = """
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @sched_yield()
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @pthread_cond_broadcast(ptr)
$declare_pause

; Looks `times` often whether nothing has changed; for measuring how long that takes.
define void @look(ptr %state, i64 %times) nounwind {
entry:
  %found = call i1 @spin(ptr %state, i64 0, ptr %state, i64 %times)
  ret void
}

; Whether within `times` looks the epoch becomes another than `epoch` or the word at `leave` another than 0.
define internal i1 @spin(ptr %state, i64 %epoch, ptr %leave, i64 %times) nounwind {
entry:
  br label %again
again:
  %count = phi i64 [ 0, %entry ], [ %after, %wait ], [ %after, %yield ]
  %changed = call i1 @changed(ptr %state, i64 %epoch, ptr %leave)
  br i1 %changed, label %out, label %more
more:
  %late = icmp sge i64 %count, %times
  br i1 %late, label %out, label %wait
wait:
  $pause
  %after = add i64 %count, 1
  %turn = and i64 %after, $yield_after
  %long = icmp eq i64 %turn, 0
  br i1 %long, label %yield, label %again
yield:
  %ignored = call i32 @sched_yield()
  br label %again
out:
  ret i1 %changed
}

define internal i1 @changed(ptr %state, i64 %epoch, ptr %leave) nounwind alwaysinline {
entry:
  %word = load atomic i64, ptr %state seq_cst, align 8
  %now = lshr i64 %word, $chunk_bits
  %other = icmp ne i64 %now, %epoch
  %flag = load atomic i64, ptr %leave seq_cst, align 8
  %told = icmp ne i64 %flag, 0
  %changed = or i1 %other, %told
  ret i1 %changed
}

; Waits until the epoch is another than `epoch` or `leave` is told: first spinning, then asleep.
define internal void @rest(ptr %state, i64 %epoch, ptr %leave, ptr %sleeping, ptr %condition) nounwind {
entry:
  %p_spins = getelementptr i8, ptr %state, i64 $spins
  %spins = load i64, ptr %p_spins
  %early = call i1 @spin(ptr %state, i64 %epoch, ptr %leave, i64 %spins)
  br i1 %early, label %out, label %sleep
sleep:
  %mutex = getelementptr i8, ptr %state, i64 $mutex
  %r1 = call i32 @pthread_mutex_lock(ptr %mutex)
  %r2 = atomicrmw add ptr %sleeping, i64 1 seq_cst
  br label %check
check:
  %changed = call i1 @changed(ptr %state, i64 %epoch, ptr %leave)
  br i1 %changed, label %wake, label %wait
wait:
  %r3 = call i32 @pthread_cond_wait(ptr %condition, ptr %mutex)
  br label %check
wake:
  %r4 = atomicrmw sub ptr %sleeping, i64 1 seq_cst
  %r5 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %out
out:
  ret void
}

; Works on whatever wave is open, and opens the next ones, until `leave` is told.
define internal void @share(ptr %state, i64 %thread, ptr %leave, ptr %sleeping, ptr %condition) nounwind {
entry:
  %p_done = getelementptr i8, ptr %state, i64 $done
  %p_function = getelementptr i8, ptr %state, i64 $function
  %p_items = getelementptr i8, ptr %state, i64 $items
  %p_size = getelementptr i8, ptr %state, i64 $size
  %p_chunks = getelementptr i8, ptr %state, i64 $chunks
  %p_context = getelementptr i8, ptr %state, i64 $context
  br label %look
look:
  %word = load atomic i64, ptr %state seq_cst, align 8
  %index = and i64 %word, $last_chunk
  %chunks = load atomic i64, ptr %p_chunks acquire, align 8
  %open = icmp ult i64 %index, %chunks
  br i1 %open, label %take, label %idle
idle:
  %flag = load atomic i64, ptr %leave seq_cst, align 8
  %told = icmp ne i64 %flag, 0
  br i1 %told, label %out, label %nothing
nothing:
  %epoch = lshr i64 %word, $chunk_bits
  call void @rest(ptr %state, i64 %epoch, ptr %leave, ptr %sleeping, ptr %condition)
  br label %look
take:
  %function = load atomic ptr, ptr %p_function acquire, align 8
  %items = load atomic i64, ptr %p_items acquire, align 8
  %size = load atomic i64, ptr %p_size acquire, align 8
  %context = load atomic ptr, ptr %p_context acquire, align 8
  %following = add i64 %word, 1
  %swap = cmpxchg ptr %state, i64 %word, i64 %following seq_cst seq_cst
  %mine = extractvalue { i64, i1 } %swap, 1
  br i1 %mine, label %begin, label %look
begin:
  %first = mul i64 %index, %size
  %end = add i64 %first, %size
  %short = icmp slt i64 %items, %end
  %last = select i1 %short, i64 %items, i64 %end
  br label %work
work:
  %item = phi i64 [ %first, %begin ], [ %item_after, %work ]
  call void %function(ptr %context, i64 %item, i64 %thread)
  %item_after = add i64 %item, 1
  %more = icmp slt i64 %item_after, %last
  br i1 %more, label %work, label %worked
worked:
  %before = atomicrmw add ptr %p_done, i64 1 acq_rel
  %finished = add i64 %before, 1
  %all = icmp eq i64 %finished, %chunks
  br i1 %all, label %onward, label %look
onward:
  call void @advance(ptr %state, i64 %thread)
  br label %look
out:
  ret void
}

; Closes the wave that is open and opens the next one, or ends the run. Only one thread at a time comes here: the
; caller when it begins, and who finishes the last chunk of a wave.
define internal void @advance(ptr %state, i64 %thread) nounwind {
entry:
  %p_done = getelementptr i8, ptr %state, i64 $done
  %p_function = getelementptr i8, ptr %state, i64 $function
  %p_items = getelementptr i8, ptr %state, i64 $items
  %p_size = getelementptr i8, ptr %state, i64 $size
  %p_chunks = getelementptr i8, ptr %state, i64 $chunks
  %p_context = getelementptr i8, ptr %state, i64 $context
  %p_faults = getelementptr i8, ptr %state, i64 $faults
  %p_next = getelementptr i8, ptr %state, i64 $next
  %p_remaining = getelementptr i8, ptr %state, i64 $remaining
  %p_threads = getelementptr i8, ptr %state, i64 $threads
  %p_sleepers = getelementptr i8, ptr %state, i64 $sleepers
  %p_waiting = getelementptr i8, ptr %state, i64 $waiting
  %p_finished = getelementptr i8, ptr %state, i64 $finished
  %mutex = getelementptr i8, ptr %state, i64 $mutex
  %rested = getelementptr i8, ptr %state, i64 $rested
  %returned = getelementptr i8, ptr %state, i64 $returned
  %word = load atomic i64, ptr %state seq_cst, align 8
  %epoch = lshr i64 %word, $chunk_bits
  %closed_epoch = add i64 %epoch, 1
  %closed_zero = shl i64 %closed_epoch, $chunk_bits
  %closed = or i64 %closed_zero, $last_chunk
  store atomic i64 %closed, ptr %state seq_cst, align 8
  %context = load atomic ptr, ptr %p_context acquire, align 8
  %faults = load atomic ptr, ptr %p_faults acquire, align 8
  br label %next
next:
  %remaining = load i64, ptr %p_remaining
  %some = icmp sgt i64 %remaining, 0
  %fault = load atomic i32, ptr %faults acquire, align 4
  %fine = icmp eq i32 %fault, 0
  %go_on = and i1 %some, %fine
  br i1 %go_on, label %read, label %finish
read:
  %wave = load ptr, ptr %p_next
  %function = load ptr, ptr %wave
  %p_count = getelementptr i8, ptr %wave, i64 8
  %items = load i64, ptr %p_count
  %wave_after = getelementptr i8, ptr %wave, i64 16
  store ptr %wave_after, ptr %p_next
  %remaining_after = sub i64 %remaining, 1
  store i64 %remaining_after, ptr %p_remaining
  %many = icmp sgt i64 %items, 1
  br i1 %many, label %open, label %few
few:
  %one = icmp eq i64 %items, 1
  br i1 %one, label %single, label %next
single:
  call void %function(ptr %context, i64 0, i64 %thread)
  br label %next
open:
  %threads = load i64, ptr %p_threads
  %wanted = mul i64 %threads, $chunks_per_thread
  %whole = sdiv i64 %items, %wanted
  %tiny = icmp slt i64 %whole, 1
  %size = select i1 %tiny, i64 1, i64 %whole
  %up = add i64 %items, %size
  %up_less = sub i64 %up, 1
  %chunks = sdiv i64 %up_less, %size
  store atomic ptr %function, ptr %p_function release, align 8
  store atomic i64 %items, ptr %p_items release, align 8
  store atomic i64 %size, ptr %p_size release, align 8
  store atomic i64 %chunks, ptr %p_chunks release, align 8
  store atomic i64 0, ptr %p_done release, align 8
  %open_epoch = add i64 %closed_epoch, 1
  %opened = shl i64 %open_epoch, $chunk_bits
  store atomic i64 %opened, ptr %state seq_cst, align 8
  %sleepers = load atomic i64, ptr %p_sleepers seq_cst, align 8
  %waiting = load atomic i64, ptr %p_waiting seq_cst, align 8
  %asleep = or i64 %sleepers, %waiting
  %somebody = icmp ne i64 %asleep, 0
  br i1 %somebody, label %wake, label %out
wake:
  %r1 = call i32 @pthread_mutex_lock(ptr %mutex)
  %r2 = call i32 @pthread_cond_broadcast(ptr %rested)
  %r3 = call i32 @pthread_cond_signal(ptr %returned)
  %r4 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %out
finish:
  store atomic i64 1, ptr %p_finished seq_cst, align 8
  %caller = load atomic i64, ptr %p_waiting seq_cst, align 8
  %caller_asleep = icmp ne i64 %caller, 0
  br i1 %caller_asleep, label %tell, label %out
tell:
  %r5 = call i32 @pthread_mutex_lock(ptr %mutex)
  %r6 = call i32 @pthread_cond_signal(ptr %returned)
  %r7 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %out
out:
  ret void
}

; A worker's life.
define void @serve(ptr %state, i64 %thread) nounwind {
entry:
  %stop = getelementptr i8, ptr %state, i64 $stop
  %sleepers = getelementptr i8, ptr %state, i64 $sleepers
  %rested = getelementptr i8, ptr %state, i64 $rested
  call void @share(ptr %state, i64 %thread, ptr %stop, ptr %sleepers, ptr %rested)
  ret void
}

; Closes the pool for ever and sends all workers home. Gives 0, and does nothing, while somebody runs waves.
define i32 @dismiss(ptr %state) nounwind {
entry:
  %busy = getelementptr i8, ptr %state, i64 $busy
  %stop = getelementptr i8, ptr %state, i64 $stop
  %mutex = getelementptr i8, ptr %state, i64 $mutex
  %rested = getelementptr i8, ptr %state, i64 $rested
  %swap = cmpxchg ptr %busy, i64 0, i64 1 acq_rel monotonic
  %free = extractvalue { i64, i1 } %swap, 1
  br i1 %free, label %close, label %out
close:
  store atomic i64 1, ptr %stop seq_cst, align 8
  %r1 = call i32 @pthread_mutex_lock(ptr %mutex)
  %r2 = call i32 @pthread_cond_broadcast(ptr %rested)
  %r3 = call i32 @pthread_mutex_unlock(ptr %mutex)
  br label %out
out:
  %result = zext i1 %free to i32
  ret i32 %result
}

; One run: all waves, together with the workers; alone if they are busy with somebody else's.
define void @together(ptr %state, ptr %waves, i64 %count, ptr %context, ptr %faults) nounwind {
entry:
  %busy = getelementptr i8, ptr %state, i64 $busy
  %p_context = getelementptr i8, ptr %state, i64 $context
  %p_faults = getelementptr i8, ptr %state, i64 $faults
  %p_next = getelementptr i8, ptr %state, i64 $next
  %p_remaining = getelementptr i8, ptr %state, i64 $remaining
  %finished = getelementptr i8, ptr %state, i64 $finished
  %waiting = getelementptr i8, ptr %state, i64 $waiting
  %returned = getelementptr i8, ptr %state, i64 $returned
  %swap = cmpxchg ptr %busy, i64 0, i64 1 acq_rel monotonic
  %free = extractvalue { i64, i1 } %swap, 1
  br i1 %free, label %begin, label %refused
begin:
  store atomic ptr %context, ptr %p_context release, align 8
  store atomic ptr %faults, ptr %p_faults release, align 8
  store ptr %waves, ptr %p_next
  store i64 %count, ptr %p_remaining
  store atomic i64 0, ptr %finished seq_cst, align 8
  call void @advance(ptr %state, i64 0)
  call void @share(ptr %state, i64 0, ptr %finished, ptr %waiting, ptr %returned)
  store atomic i64 0, ptr %busy release, align 8
  ret void
refused:
  call void @alone(ptr %waves, i64 %count, ptr %context, ptr %faults)
  ret void
}
"""

_ALONE = """
; One run in the caller's thread alone.
define void @alone(ptr %waves, i64 %count, ptr %context, ptr %faults) nounwind {
entry:
  br label %next
next:
  %number = phi i64 [ 0, %entry ], [ %number_after, %worked ]
  %some = icmp slt i64 %number, %count
  %fault = load i32, ptr %faults
  %fine = icmp eq i32 %fault, 0
  %go_on = and i1 %some, %fine
  br i1 %go_on, label %read, label %out
read:
  %offset = mul i64 %number, 16
  %wave = getelementptr i8, ptr %waves, i64 %offset
  %function = load ptr, ptr %wave
  %p_items = getelementptr i8, ptr %wave, i64 8
  %items = load i64, ptr %p_items
  br label %check
check:
  %item = phi i64 [ 0, %read ], [ %item_after, %work ]
  %more = icmp slt i64 %item, %items
  br i1 %more, label %work, label %worked
work:
  call void %function(ptr %context, i64 %item, i64 0)
  %item_after = add i64 %item, 1
  br label %check
worked:
  %number_after = add i64 %number, 1
  br label %next
out:
  ret void
}
"""


def text(architecture: str, several: bool) -> str:
    """The module for a machine: `alone`, and if it can run `several` threads, what the pool needs."""
    if not several:
        return _ALONE
    declared, given = _PAUSES.get(architecture, ("", ""))
    named = declared.split("(")[0]
    return _ALONE + Template(_TEXT).substitute(
        FIELDS,
        chunk_bits=CHUNK_BITS,
        last_chunk=(1 << CHUNK_BITS) - 1,
        chunks_per_thread=CHUNKS_PER_THREAD,
        yield_after=_YIELD_AFTER - 1,
        declare_pause=f"declare {declared}" if declared else "",
        pause=f"call {named}{given}" if declared else "",
    )
