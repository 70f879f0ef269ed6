//===- KernelTemplateOps.td - Kernels made of a template ---*- tablegen -*-===//
//
// Part of v4c, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On a GPU the whole body of a kernel may be an instance of a template of
// codegen/cuda/kernels. passes/lower chooses it and says what each parameter is;
// code generation knows the template and checks that both fit.
//
//===----------------------------------------------------------------------===//

#ifndef KERNEL_TEMPLATE_OPS_TD
#define KERNEL_TEMPLATE_OPS_TD

def Kernel_MapAttr : AttrDef<Kernel_Dialect, "Map"> {
  let mnemonic = "map";
  let summary = "a matrix in memory and the box that a copy takes out of it";
  let description = [{
    `#kernel.map<bf16, columns = 256, box = 16 : 64, swizzle = 128>`: rows of `columns` elements one behind the other; a
    copy brings `box` rows : columns of it to shared memory, zero outside of the matrix, 16-byte pieces of a row of 128
    bytes swapped by row % 8 with `swizzle` = 128, as they are with 0.

    (C1) the element is bf16, f32 or f8E4M3FN. (C2) columns are 1 to 2^31 - 1 and a row has a multiple of 16 bytes.
    (C3) the box has 1 to 256 rows and columns, its row a multiple of 16 bytes. (C4) the swizzle is 0 or, for rows of a
    box of 128 bytes, 128.
  }];
  let parameters = (ins "::mlir::Type":$element, "int64_t":$columns, "int64_t":$box_rows, "int64_t":$box_columns,
                        "int64_t":$swizzle);
  let assemblyFormat = "`<` $element `,` `columns` `=` $columns `,` `box` `=` $box_rows `:` $box_columns `,` `swizzle` `=` $swizzle `>`";
  let genVerifyDecl = 1;
}

def Kernel_ArgumentKind : I32EnumAttr<"ArgumentKind", "what an argument of a template's function is", [
    I32EnumAttrCase<"Address", 0, "address">, I32EnumAttrCase<"Word", 1, "word">,
    I32EnumAttrCase<"Rows", 2, "rows">, I32EnumAttrCase<"Map", 3, "map">]> {
  let cppNamespace = "::v4::kernel";
  let genSpecializedAttr = 0;
}

def Kernel_ArgumentAttr : AttrDef<Kernel_Dialect, "Argument"> {
  let mnemonic = "argument";
  let summary = "one argument of a template's function";
  let description = [{
    `#kernel.argument<address, binding = 1, value = 0>` is the address of a binding, `<word, binding = -1, value = 256>`
    the four bytes of a number, `<rows, binding = -1, value = 2>` an i32, two for each row of the launch, and
    `<map, binding = 0, value = 1, map = <...>>` a tensor map over a binding that has `value` rows for each row of the
    launch.

    (C1) address and map have a binding, at least 0, others -1. (C2) the value of rows and map is 1 to 1024, that of a
    word 0 to 2^32 - 1, that of an address 0. (C3) maps alone have a #kernel.map.
  }];
  let parameters = (ins EnumParameter<Kernel_ArgumentKind>:$kind, "int64_t":$binding, "int64_t":$value,
                        OptionalParameter<"::v4::kernel::MapAttr">:$map);
  let assemblyFormat = "`<` $kind `,` `binding` `=` $binding `,` `value` `=` $value (`,` `map` `=` $map^)? `>`";
  let genVerifyDecl = 1;
}

def Kernel_FewRowsAttr : AttrDef<Kernel_Dialect, "FewRows"> {
  let mnemonic = "few_rows";
  let summary = "the launches of few rows, and how they are cut";
  let description = [{
    `#kernel.few_rows<most = 8, tile = 8, tiles = 64>`: those of at most `most` rows, which have ceil(rows / tile) * tiles
    workgroups.

    (C1) all are at least 1, most at most 2^31 - 1.
  }];
  let parameters = (ins "int64_t":$most, "int64_t":$tile, "int64_t":$tiles);
  let assemblyFormat = "`<` `most` `=` $most `,` `tile` `=` $tile `,` `tiles` `=` $tiles `>`";
  let genVerifyDecl = 1;
}

def Kernel_RunTemplateOp : Kernel_Op<"run_template", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "the instance of a template that is the kernel";
  let description = [{
    The kernel is the function template `name` of codegen/cuda/kernels with the template arguments `values`, called with
    `arguments`; a binding is numbered as in the launch. A launch runs one thread block per workgroup, at most `most` of
    them where it is not 0: templates do all work with any number of blocks. Means what the v4 op of the kernel means;
    bits may differ from the decomposition's, but never with the number of rows of a step.

    A kernel may have several instances of its template: those with `few` run the launches of few rows, each those that
    the ones in front of it leave, the last one all others.

    (C1) arguments are #kernel.argument. (C2) their bindings are bindings of the kernel. (C3) values and most are not
    negative. (C4) behind an instance with `few` is one of the same template, for more rows; behind one without is none.

    ```mlir
    kernel.run_template "combineRows" values [64] arguments [#kernel.argument<address, binding = 0, value = 0>] most 0 few <most = 8, tile = 1, tiles = 4>
    kernel.run_template "combineRows" values [256] arguments [#kernel.argument<address, binding = 0, value = 0>] most 0
    ```
  }];
  let arguments = (ins StrAttr:$name, DenseI64ArrayAttr:$values, ArrayAttr:$arguments, I64Attr:$most,
                       OptionalAttr<Kernel_FewRowsAttr>:$few);
  let assemblyFormat = "$name `values` $values `arguments` $arguments `most` $most (`few` $few^)? attr-dict";
  let hasVerifier = 1;
}

#endif // KERNEL_TEMPLATE_OPS_TD
