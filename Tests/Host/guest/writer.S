/*
 * A guest that writes its identity: one boot sector. Sector 1 of its boot disk is its stamp: two equal
 * halves with its name in them. Into both it puts a number of its own (the processor's clock at its
 * start) and a counter, and writes the stamp to one sector of each of its first other disks (as many as
 * the stamp says), again and again. Before each write it reads the sector. Finding what it has not written, it says so on
 * COM1, writes on for a second and stops: somebody else has written a disk that it holds. What it finds at its
 * start is the former holder's, which is as it should be.
 *
 * It answers the ACPI power button as boot.S does, and halts between the timer's ticks.
 */
	.set	PM1_STS, 0x600
	.set	PM1_EN, 0x602
	.set	PM1_CNT, 0x604
	.set	POWER_BUTTON, 1 << 8	/* the same bit in PM1_STS and PM1_EN */
	.set	SLEEP_ENABLE, 1 << 13	/* with sleep type 0, which is S5 in QEMU */
	.set	COM1, 0x3f8

	.set	FIRST_DISK, 0x81	/* after the boot disk */
	.set	READ, 0x42
	.set	WRITE, 0x43
	.set	PLACE, 8		/* where the stamp stands on a disk, in sectors */

	.set	STAMP, 0x8000		/* ours, as it was written last */
	.set	FOUND, 0x8200		/* what was read before a write */
	.set	HALF, 256
	.set	NUMBER, 8		/* within a half; the layout is that of Tests/Torture/stamp.py */
	.set	COUNTER, 16
	.set	PACE, 20		/* ticks between two writes; 18 ticks make a second */
	.set	DISKS, 21		/* how many disks it writes */
	.set	NAME, 24
	.set	NAME_LENGTH, 64

	.code16
	.globl	_start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	cld
	sti
	movw	%ax, first		/* a reset does not load what was changed anew */
	movw	$PM1_EN, %dx
	movw	$POWER_BUTTON, %ax
	outw	%ax, %dx
	movw	$STAMP, %bx
	movb	$1, place
	movb	$READ, %ah
	movb	$FIRST_DISK - 1, %dl
	call	transfer
	movb	$PLACE, place
	rdtsc
	movl	%eax, STAMP + NUMBER
	movl	%edx, STAMP + NUMBER + 4
	movw	$up, %si
	call	print

round:
	movb	STAMP + PACE, %cl
rest:
	hlt
	call	button
	decb	%cl
	jnz	rest

	movw	$compare, %bp
	call	each_disk
	incl	STAMP + COUNTER
	movw	$STAMP, %si
	movw	$STAMP + HALF, %di
	movw	$HALF / 2, %cx
	rep movsw
	movw	$write, %bp
	call	each_disk
	cmpw	$0, first
	jne	round
	incw	first
	movw	$writes, %si
	call	print
	jmp	round

/* Calls %bp for each disk in %dl. */
each_disk:
	movb	$FIRST_DISK, %dl
next_disk:
	movb	%dl, %al
	subb	$FIRST_DISK, %al
	cmpb	STAMP + DISKS, %al
	jae	return
	pushw	%dx
	call	*%bp
	popw	%dx
	incb	%dl
	jmp	next_disk

write:
	movw	$STAMP, %bx
	movb	$WRITE, %ah
	jmp	transfer

compare:
	movw	$FOUND, %bx
	movb	$READ, %ah
	call	transfer
	cmpw	$0, first
	je	return
	movw	$STAMP, %si
	movw	$FOUND, %di
	movw	$HALF, %cx
	repe cmpsw
	je	return
	pushw	%dx
	movb	$0, FOUND + NAME + NAME_LENGTH
	movw	$foreign, %si
	call	print
	movw	$FOUND + NAME, %si
	call	print
	popw	%dx
	movw	$18, %cx		/* long enough for whoever looks from outside */
again:
	hlt
	pushw	%dx
	call	write
	popw	%dx
	loop	again
	movw	$end_of_line, %si
	jmp	stop

/* One sector of disk %dl from or to %bx. */
transfer:
	movw	%bx, address
	movb	$1, count
	movw	$packet, %si
	movb	$0, %al
	int	$0x13
	jnc	return
	movw	$error, %si
stop:
	call	print
dead:
	call	button
	hlt
	jmp	dead

button:
	movw	$PM1_STS, %dx
	inw	%dx, %ax
	testw	$POWER_BUTTON, %ax
	jz	return
	movw	$POWER_BUTTON, %ax
	outw	%ax, %dx		/* writing the bit acknowledges it */
	movw	$PM1_CNT, %dx
	movw	$SLEEP_ENABLE, %ax
	outw	%ax, %dx
off:
	hlt
	jmp	off

print:
	movw	$COM1, %dx
next_letter:
	lodsb
	testb	%al, %al
	jz	return
	outb	%al, %dx
	jmp	next_letter
return:
	ret

/* The BIOS's disk address packet. */
packet:
	.byte	16, 0
count:	.word	1
address:
	.word	0, 0
place:	.quad	0

first:	.word	0			/* 0 until the first stamp is written */
up:	.asciz	"up\r\n"
writes:	.asciz	"writes\r\n"
foreign:
	.asciz	"FOREIGN "
error:	.asciz	"ERROR\r\n"
end_of_line:
	.asciz	"\r\n"
	.org	510
	.word	0xaa55
