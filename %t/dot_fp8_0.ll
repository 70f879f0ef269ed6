; ModuleID = 'kernel'
source_filename = "kernel"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

; Function Attrs: nofree norecurse nosync nounwind memory(readwrite, target_mem0: none, target_mem1: none)
define void @dot_fp8_0(ptr readonly captures(none) %0, i64 %1, i64 %2) local_unnamed_addr #0 {
  %4 = load ptr, ptr %0, align 8, !invariant.load !1
  %5 = load ptr, ptr %4, align 8, !invariant.load !1
  %6 = getelementptr i8, ptr %4, i64 8
  %7 = load ptr, ptr %6, align 8, !invariant.load !1
  %8 = getelementptr i8, ptr %4, i64 16
  %9 = load ptr, ptr %8, align 8, !invariant.load !1
  tail call void @llvm.experimental.noalias.scope.decl(metadata !2)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !5)
  tail call void @llvm.experimental.noalias.scope.decl(metadata !7)
  %10 = icmp slt i64 %1, %2
  br i1 %10, label %.lr.ph, label %dot_fp8_0_body.exit

.lr.ph:                                           ; preds = %3, %36
  %11 = phi i64 [ %39, %36 ], [ %1, %3 ]
  %12 = lshr i64 %11, 6
  %13 = and i64 %11, 63
  %14 = shl nuw nsw i64 %13, 8
  %15 = getelementptr i8, ptr %7, i64 %14
  %.idx3.i = shl i64 %12, 10
  %16 = getelementptr i8, ptr %5, i64 %.idx3.i
  br label %17

17:                                               ; preds = %.lr.ph, %17
  %18 = phi <16 x float> [ zeroinitializer, %.lr.ph ], [ %33, %17 ]
  %19 = phi i64 [ 0, %.lr.ph ], [ %34, %17 ]
  %20 = getelementptr i8, ptr %15, i64 %19
  %21 = load <16 x i8>, ptr %20, align 1, !alias.scope !5, !noalias !9
  %22 = sext <16 x i8> %21 to <16 x i16>
  %23 = shl nsw <16 x i16> %22, splat (i16 7)
  %24 = and <16 x i16> %23, splat (i16 -16512)
  %25 = add nuw nsw <16 x i16> %24, splat (i16 128)
  %26 = and <16 x i16> %25, splat (i16 16384)
  %27 = or disjoint <16 x i16> %26, %24
  %28 = bitcast <16 x i16> %27 to <16 x half>
  %29 = fpext <16 x half> %28 to <16 x float>
  %30 = fmul <16 x float> %29, splat (float 2.560000e+02)
  %31 = getelementptr float, ptr %16, i64 %19
  %32 = load <16 x float>, ptr %31, align 4, !alias.scope !2, !noalias !10
  %33 = tail call <16 x float> @llvm.fma.v16f32(<16 x float> %32, <16 x float> %30, <16 x float> %18)
  %34 = add nuw nsw i64 %19, 16
  %35 = icmp samesign ult i64 %19, 240
  br i1 %35, label %17, label %36

36:                                               ; preds = %17
  %.idx.i = shl i64 %12, 12
  %37 = getelementptr i8, ptr %9, i64 %.idx.i
  %.idx2.i = shl nuw nsw i64 %13, 6
  %38 = getelementptr i8, ptr %37, i64 %.idx2.i
  store <16 x float> %33, ptr %38, align 4, !alias.scope !7, !noalias !11
  %39 = add nsw i64 %11, 1
  %exitcond.not = icmp eq i64 %39, %2
  br i1 %exitcond.not, label %dot_fp8_0_body.exit, label %.lr.ph

dot_fp8_0_body.exit:                              ; preds = %36, %3
  ret void
}

; Function Attrs: mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none)
declare <16 x float> @llvm.fma.v16f32(<16 x float>, <16 x float>, <16 x float>) #1

; Function Attrs: nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: readwrite)
declare void @llvm.experimental.noalias.scope.decl(metadata) #2

attributes #0 = { nofree norecurse nosync nounwind memory(readwrite, target_mem0: none, target_mem1: none) "no-builtins" "prefer-vector-width"="512" "target-cpu"="x86-64-v4" "target-features"="-lzcnt" "tune-cpu"="znver4" "warn-stack-size"="0" }
attributes #1 = { mustprogress nocallback nocreateundeforpoison nofree nosync nounwind speculatable willreturn memory(none) }
attributes #2 = { nocallback nofree nosync nounwind willreturn memory(inaccessiblemem: readwrite) }

!llvm.module.flags = !{!0}

!0 = !{i32 2, !"Debug Info Version", i32 3}
!1 = !{}
!2 = !{!3}
!3 = distinct !{!3, !4, !"dot_fp8_0_body: argument 0"}
!4 = distinct !{!4, !"dot_fp8_0_body"}
!5 = !{!6}
!6 = distinct !{!6, !4, !"dot_fp8_0_body: argument 1"}
!7 = !{!8}
!8 = distinct !{!8, !4, !"dot_fp8_0_body: argument 2"}
!9 = !{!3, !8}
!10 = !{!6, !8}
!11 = !{!3, !6}
