// void emulatedSwitch(void** saved, void* next): leaves the running stack at *saved and goes on where `next` was left.
//
// Only what the System V ABI lets a callee keep is saved: rbx, rbp, r12 to r15. The rounding modes are the same everywhere, so
// mxcsr and the x87 control word stay. ucontext would make a system call for the signal mask each time.
    .text
    .globl emulatedSwitch
    .hidden emulatedSwitch
    .type emulatedSwitch, @function
emulatedSwitch:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size emulatedSwitch, .-emulatedSwitch
    .section .note.GNU-stack,"",@progbits
