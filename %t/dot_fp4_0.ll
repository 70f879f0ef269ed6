; ModuleID = 'kernel'
source_filename = "kernel"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind memory(readwrite, target_mem0: none, target_mem1: none)
define void @dot_fp4_0(ptr readonly captures(none) %0, i64 %1, i64 %2) local_unnamed_addr #0 {
  %4 = load ptr, ptr %0, align 8, !invariant.load !1
  %5 = load ptr, ptr %4, align 8, !invariant.load !1
  %6 = getelementptr i8, ptr %4, i64 8
  %7 = load ptr, ptr %6, align 8, !invariant.load !1
  %8 = getelementptr i8, ptr %4, i64 16
  %9 = load ptr, ptr %8, align 8, !invariant.load !1
  %10 = getelementptr i8, ptr %4, i64 24
  %11 = load ptr, ptr %10, align 8, !invariant.load !1
  tail call void @llvm.experimental.noalias.scope.decl(metadata !2)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !5)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !7)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !9)
  %12 = icmp slt i64 %1, %2
  br i1 %12, label %.lr.ph, label %dot_fp4_0_body.exit

.lr.ph:                                           ; preds = %3, %34
  %13 = phi i64 [ %49, %34 ], [ %1, %3 ]
  %14 = lshr i64 %13, 6
  %15 = and i64 %13, 63
  %16 = shl nuw nsw i64 %15, 7
  %17 = getelementptr i8, ptr %7, i64 %16
  %.idx3.i = shl i64 %14, 10
  %18 = getelementptr i8, ptr %5, i64 %.idx3.i
  br label %19

19:                                               ; preds = %.lr.ph, %19
  %20 = phi <16 x float> [ zeroinitializer, %.lr.ph ], [ %31, %19 ]
  %21 = phi i64 [ 0, %.lr.ph ], [ %32, %19 ]
  %22 = getelementptr i8, ptr %17, i64 %21
  %23 = load <8 x i8>, ptr %22, align 1, !alias.scope !5, !noalias !11
  %24 = zext <8 x i8> %23 to <8 x i64>
  %25 = shl nuw nsw <8 x i64> %24, splat (i64 28)
  %26 = or disjoint <8 x i64> %25, %24
  %27 = bitcast <8 x i64> %26 to <16 x i32>
  %28 = tail call <16 x float> @llvm.x86.avx512.permvar.sf.512(<16 x float> <float 0.000000e+00, float 5.000000e-01, float 1.000000e+00, float 1.500000e+00, float 2.000000e+00, float 3.000000e+00, float 4.000000e+00, float 6.000000e+00, float -0.000000e+00, float -5.000000e-01, float -1.000000e+00, float -1.500000e+00, float -2.000000e+00, float -3.000000e+00, float -4.000000e+00, float -6.000000e+00>, <16 x i32> %27)
  %.idx4.i = shl nuw nsw i64 %21, 3
  %29 = getelementptr i8, ptr %18, i64 %.idx4.i
  %30 = load <16 x float>, ptr %29, align 4, !alias.scope !2, !noalias !12
  %31 = tail call <16 x float> @llvm.fma.v16f32(<16 x float> %30, <16 x float> %28, <16 x float> %20)
  %32 = add nuw nsw i64 %21, 8
  %33 = icmp samesign ult i64 %21, 120
  br i1 %33, label %19, label %34

34:                                               ; preds = %19
  %35 = getelementptr inbounds nuw i8, ptr %9, i64 %15
  %36 = load i8, ptr %35, align 1, !alias.scope !7, !noalias !13
  %37 = zext i8 %36 to i32
  %38 = shl nuw nsw i32 %37, 23
  %39 = add i8 %36, 1
  %40 = icmp ult i8 %39, 2
  %41 = or disjoint i32 %38, 4194304
  %42 = select i1 %40, i32 %41, i32 %38
  %43 = insertelement <16 x i32> poison, i32 %42, i64 0
  %44 = bitcast <16 x i32> %43 to <16 x float>
  %45 = shufflevector <16 x float> %44, <16 x float> poison, <16 x i32> zeroinitializer
  %46 = fmul <16 x float> %31, %45
  %.idx.i = shl i64 %14, 12
  %47 = getelementptr i8, ptr %11, i64 %.idx.i
  %.idx2.i = shl nuw nsw i64 %15, 6
  %48 = getelementptr i8, ptr %47, i64 %.idx2.i
  store <16 x float> %46, ptr %48, align 4, !alias.scope !9, !noalias !14
  %49 = add nsw i64 %13, 1
  %exitcond.not = icmp eq i64 %49, %2
  br i1 %exitcond.not, label %dot_fp4_0_body.exit, label %.lr.ph

dot_fp4_0_body.exit:                              ; preds = %34, %3
  ret void
}

; Function Attrs: mustprogress nocallback nofree nosync nounwind willreturn memory(none)
declare <16 x float> @llvm.x86.avx512.permvar.sf.512(<16 x float>, <16 x i32>) #1

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>) #2

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: readwrite)
declare void @llvm.experimental.noalias.scope.decl(metadata) #3

attributes #0 = { nofree norecurse nosync nounwind memory(readwrite, target_mem0: none, target_mem1: none) "no-builtins" "prefer-vector-width"="512" "target-cpu"="x86-64-v4" "target-features"="-lzcnt" "tune-cpu"="znver4" "warn-stack-size"="0" }
attributes #1 = { mustprogress nocallback nofree nosync nounwind willreturn memory(none) }
attributes #2 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #3 = { nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: readwrite) }

!llvm.module.flags = !{!0}

!0 = !{i32 2, !"Debug Info Version", i32 3}
!1 = !{}
!2 = !{!3}
!3 = distinct !{!3, !4, !"dot_fp4_0_body: argument 0"}
!4 = distinct !{!4, !"dot_fp4_0_body"}
!5 = !{!6}
!6 = distinct !{!6, !4, !"dot_fp4_0_body: argument 1"}
!7 = !{!8}
!8 = distinct !{!8, !4, !"dot_fp4_0_body: argument 2"}
!9 = !{!10}
!10 = distinct !{!10, !4, !"dot_fp4_0_body: argument 3"}
!11 = !{!3, !8, !10}
!12 = !{!6, !8, !10}
!13 = !{!3, !6, !10}
!14 = !{!3, !6, !8}
