	.file	"kernel"
	.section	.rodata.cst32,"aM",@progbits,32
	.p2align	5, 0x0
.LCPI0_0:
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
.LCPI0_1:
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
.LCPI0_2:
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.section	.rodata.cst4,"aM",@progbits,4
	.p2align	2, 0x0
.LCPI0_3:
	.long	0x43800000
	.section	.rodata.cst16,"aM",@progbits,16
	.p2align	4, 0x0
.LCPI0_4:
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
	.short	49024
.LCPI0_5:
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
	.short	128
.LCPI0_6:
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.short	16384
	.text
	.globl	dot_fp8_0
	.p2align	4
	.type	dot_fp8_0,@function
dot_fp8_0:
	cmpq	%rdx, %rsi
	jge	.LBB0_6
	pushq	%rbx
	movq	(%rdi), %rdi
	vbroadcastss	.LCPI0_3(%rip), %zmm3
	vbroadcasti128	.LCPI0_4(%rip), %ymm0
	vbroadcasti128	.LCPI0_5(%rip), %ymm1
	vbroadcasti128	.LCPI0_6(%rip), %ymm2
	movq	(%rdi), %rax
	movq	8(%rdi), %rcx
	movq	16(%rdi), %rdi
	.p2align	4
.LBB0_2:
	movl	%esi, %r9d
	movq	%rsi, %r8
	shrq	$6, %r8
	andl	$63, %r9d
	movq	$-16, %rbx
	vxorps	%xmm4, %xmm4, %xmm4
	movl	%r9d, %r11d
	movq	%r8, %r10
	shlq	$10, %r10
	shll	$8, %r11d
	addq	%rax, %r10
	addq	%rcx, %r11
	.p2align	4
.LBB0_3:
	vpmovsxbw	16(%r11,%rbx), %ymm5
	vpsllw	$7, %ymm5, %ymm5
	vpand	%ymm0, %ymm5, %ymm5
	vpaddw	%ymm1, %ymm5, %ymm6
	vpternlogq	$236, %ymm2, %ymm5, %ymm6
	vcvtph2ps	%ymm6, %zmm5
	vmulps	%zmm3, %zmm5, %zmm5
	vfmadd231ps	64(%r10,%rbx,4), %zmm5, %zmm4
	addq	$16, %rbx
	cmpq	$240, %rbx
	jb	.LBB0_3
	shlq	$12, %r8
	shll	$6, %r9d
	incq	%rsi
	addq	%rdi, %r8
	vmovups	%zmm4, (%r9,%r8)
	cmpq	%rdx, %rsi
	jne	.LBB0_2
	popq	%rbx
.LBB0_6:
	vzeroupper
	retq
.Lfunc_end0:
	.size	dot_fp8_0, .Lfunc_end0-dot_fp8_0

	.section	".note.GNU-stack","",@progbits
