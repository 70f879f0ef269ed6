	.file	"kernel"
	.section	.rodata,"a",@progbits
	.p2align	6, 0x0
.LCPI0_0:
	.long	0x00000000
	.long	0x3f000000
	.long	0x3f800000
	.long	0x3fc00000
	.long	0x40000000
	.long	0x40400000
	.long	0x40800000
	.long	0x40c00000
	.long	0x80000000
	.long	0xbf000000
	.long	0xbf800000
	.long	0xbfc00000
	.long	0xc0000000
	.long	0xc0400000
	.long	0xc0800000
	.long	0xc0c00000
	.text
	.globl	dot_fp4_0
	.p2align	4
	.type	dot_fp4_0,@function
dot_fp4_0:
	cmpq	%rdx, %rsi
	jge	.LBB0_6
	pushq	%rbp
	pushq	%r14
	pushq	%rbx
	movq	(%rdi), %r8
	vmovdqa64	.LCPI0_0(%rip), %zmm0
	movq	(%r8), %rax
	movq	8(%r8), %rcx
	movq	16(%r8), %rdi
	movq	24(%r8), %r8
	.p2align	4
.LBB0_2:
	movl	%esi, %r10d
	movq	%rsi, %r9
	shrq	$6, %r9
	andl	$63, %r10d
	movq	$-8, %r14
	vxorps	%xmm1, %xmm1, %xmm1
	movl	%r10d, %ebx
	movq	%r9, %r11
	shlq	$10, %r11
	shll	$7, %ebx
	addq	%rax, %r11
	addq	%rcx, %rbx
	.p2align	4
.LBB0_3:
	vpmovzxbq	8(%rbx,%r14), %zmm2
	vpsllq	$28, %zmm2, %zmm3
	vporq	%zmm2, %zmm3, %zmm2
	vpermd	%zmm0, %zmm2, %zmm2
	vfmadd231ps	64(%r11,%r14,8), %zmm2, %zmm1
	addq	$8, %r14
	cmpq	$120, %r14
	jb	.LBB0_3
	movzbl	(%rdi,%r10), %r11d
	leal	1(%r11), %ebx
	shll	$23, %r11d
	leal	4194304(%r11), %ebp
	cmpb	$2, %bl
	cmovael	%r11d, %ebp
	shlq	$12, %r9
	shll	$6, %r10d
	incq	%rsi
	vpbroadcastd	%ebp, %zmm2
	addq	%r8, %r9
	vmulps	%zmm2, %zmm1, %zmm1
	vmovups	%zmm1, (%r10,%r9)
	cmpq	%rdx, %rsi
	jne	.LBB0_2
	popq	%rbx
	popq	%r14
	popq	%rbp
.LBB0_6:
	vzeroupper
	retq
.Lfunc_end0:
	.size	dot_fp4_0, .Lfunc_end0-dot_fp4_0

	.section	".note.GNU-stack","",@progbits
