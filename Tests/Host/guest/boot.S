/*
 * The whole guest: one boot sector. It prints "up" on COM1, listens for the ACPI power button and
 * answers it by powering off, so that `virsh shutdown` works without an operating system. Between
 * the 18 timer ticks a second it halts and costs the host next to nothing.
 *
 * SeaBIOS puts the ACPI power-management block of both PC machines at port 0x600:
 * PM1_STS at +0, PM1_EN at +2, PM1_CNT at +4 (ACPI 6.5, 4.8.3).
 */
	.set	PM1_STS, 0x600
	.set	PM1_EN, 0x602
	.set	PM1_CNT, 0x604
	.set	POWER_BUTTON, 1 << 8	/* the same bit in PM1_STS and PM1_EN */
	.set	SLEEP_ENABLE, 1 << 13	/* with sleep type 0, which is S5 in QEMU */
	.set	COM1, 0x3f8

	.code16
	.globl	_start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7c00, %sp
	.ifdef HIGH
	/* A segment that reaches beyond 1 MiB, kept on the way back from protected mode. */
	lgdt	table
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	movw	$8, %bx
	movw	%bx, %fs
	andb	$0xfe, %al
	movl	%eax, %cr0
	.endif
	.ifdef FULL
	movl	$0x200000, %ebx		/* one byte in each page of 238 MiB */
fill:
	movb	$1, %fs:(%ebx)
	addl	$0x1000, %ebx
	cmpl	$0xf000000, %ebx
	jb	fill
	.endif
	movw	$PM1_EN, %dx
	movw	$POWER_BUTTON, %ax
	outw	%ax, %dx
	movw	$COM1, %dx
	movw	$greeting, %si
print:
	lodsb
	testb	%al, %al
	jz	idle
	outb	%al, %dx
	jmp	print
idle:
	sti
	hlt
	.ifdef BUSY
	decw	%bp			/* nothing else uses it */
	jg	watch
	movw	$16, %bp		/* ticks between two times, not quite a second */
	movl	$0x200000, %ebx		/* one byte in each page of 16 MiB */
page:
	incb	%fs:(%ebx)
	addl	$0x1000, %ebx
	cmpl	$0x1200000, %ebx
	jb	page
watch:
	.endif
	movw	$PM1_STS, %dx
	inw	%dx, %ax
	testw	$POWER_BUTTON, %ax
	jz	idle
	movw	$POWER_BUTTON, %ax
	outw	%ax, %dx		/* writing the bit acknowledges it */
	movw	$PM1_CNT, %dx
	movw	$SLEEP_ENABLE, %ax
	outw	%ax, %dx
off:
	hlt
	jmp	off
greeting:
	.asciz	"up\r\n"
	.ifdef HIGH
	.balign	8
segments:
	.quad	0, 0x00cf92000000ffff
table:
	.word	15
	.long	segments
	.endif
	.org	510
	.word	0xaa55
