// Each error a shape or an attribute can raise, in the words people will read; frontends show the same words.
// RUN: weft-opt %s --split-input-file --verify-diagnostics

func.func @cannot_add(%x: tensor<1x256x56x56xf32>, %y: tensor<1x64x56x56xf32>) {
  // expected-error @+1 {{cannot add f32[1, 256, 56, 56] and f32[1, 64, 56, 56]: dimension C differs}}
  %0 = weft.add %x, %y : (tensor<1x256x56x56xf32>, tensor<1x64x56x56xf32>) -> tensor<1x256x56x56xf32>
  return
}

// -----

func.func @element_types(%x: tensor<4xf32>, %y: tensor<4xi32>) {
  // expected-error @+1 {{cannot subtract i32[4] from f32[4]: element types differ}}
  %0 = weft.sub %x, %y : (tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @wrong_result(%x: tensor<4xf32>) {
  // expected-error @+1 {{'weft.relu' op result 0 is f32[5], expected f32[4]}}
  %0 = weft.relu %x : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @clip(%x: tensor<4xf32>) {
  // expected-error @+1 {{`min` 6.000000e+00 is above `max` 0.000000e+00}}
  %0 = weft.clip %x {min = 6.0 : f64, max = 0.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @dropout(%x: tensor<4xf32>) {
  // expected-error @+1 {{`p` is a probability below 1, not 1.0}}
  %0 = weft.dropout %x {p = 1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @stochastic_depth(%x: tensor<4xf32>) {
  // expected-error @+1 {{`survive` is a probability above 0, not 0.0}}
  %0 = weft.stochastic_depth %x {survive = 0.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @prelu(%x: tensor<1x8x4x4xf32>, %s: tensor<4xf32>) {
  // expected-error @+1 {{`slope` is f32[4], expected shape [8]}}
  %0 = weft.prelu %x, %s : (tensor<1x8x4x4xf32>, tensor<4xf32>) -> tensor<1x8x4x4xf32>
  return
}

// -----

func.func @window_too_large(%x: tensor<1x3x2x8xf32>, %w: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{window 5 is larger than the padded input 4 in dimension H}}
  %0 = weft.conv %x, %w stride [1, 1] pad [1, 1, 1, 1] dilation [1, 1] : (tensor<1x3x2x8xf32>, tensor<4x3x5x5xf32>) -> tensor<1x4x1x1xf32>
  return
}

// -----

func.func @dilated_window_too_large(%x: tensor<1x3x8xf32>, %w: tensor<4x3x5xf32>) {
  // expected-error @+1 {{dilated window 9 is larger than the input 8 in dimension W}}
  %0 = weft.conv %x, %w stride [1] pad [0, 0] dilation [2] : (tensor<1x3x8xf32>, tensor<4x3x5xf32>) -> tensor<1x4x1xf32>
  return
}

// -----

func.func @conv_rank(%x: tensor<3x8xf32>, %w: tensor<4x3x5xf32>) {
  // expected-error @+1 {{expected [N, C, W], [N, C, H, W] or [N, C, D, H, W], not f32[3, 8]}}
  %0 = weft.conv %x, %w stride [1] pad [0, 0] dilation [1] : (tensor<3x8xf32>, tensor<4x3x5xf32>) -> tensor<1x4x1xf32>
  return
}

// -----

func.func @conv_filter_rank(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x5xf32>) {
  // expected-error @+1 {{`weight` has shape [4, 3, 5], expected [O, C / groups, kernel...] of rank 4 as `x` f32[1, 3, 8, 8]}}
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>, tensor<4x3x5xf32>) -> tensor<1x4x4x4xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<1x3x8x8xf32>, %w: tensor<4x4x3x3xf32>) {
  // expected-error @+1 {{`weight` [4, 4, 3, 3] reads 4 channels a group, but f32[1, 3, 8, 8] has 3}}
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>, tensor<4x4x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<4x1x3x3xf32>) {
  // expected-error @+1 {{`groups` 3 does not divide the 4 input channels}}
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 3 : i64} : (tensor<1x4x8x8xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_no_groups(%x: tensor<1x4x8x8xf32>, %w: tensor<4x1x3x3xf32>) {
  // expected-error @+1 {{`groups` cannot be 0; the least is 1}}
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] {groups = 0 : i64} : (tensor<1x4x8x8xf32>, tensor<4x1x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @conv_bias(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{`bias` is f32[3], expected shape [4]}}
  %0 = weft.conv %x, %w bias %b stride [1, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @stride_zero(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{`stride` cannot be 0; the least is 1}}
  %0 = weft.conv %x, %w stride [0, 1] pad [0, 0, 0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @pad_count(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{`pad` has 2 entries, expected 4}}
  %0 = weft.conv %x, %w stride [1, 1] pad [0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @transposed_output_pad(%x: tensor<1x4x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{`output_pad` 2 is not below the stride 2 or the dilation 1}}
  %0 = weft.conv_transpose %x, %w stride [2, 2] pad [0, 0, 0, 0] output_pad [2, 0] dilation [1, 1] : (tensor<1x4x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x3x19x17xf32>
  return
}

// -----

func.func @transposed_nothing_left(%x: tensor<1x4x1x1xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+1 {{nothing is left of dimension H: its extent would be -1}}
  %0 = weft.conv_transpose %x, %w stride [1, 1] pad [2, 2, 2, 2] output_pad [0, 0] dilation [1, 1] : (tensor<1x4x1x1xf32>, tensor<4x3x3x3xf32>) -> tensor<1x3x1x1xf32>
  return
}

// -----

func.func @transposed_channels(%x: tensor<1x4x8x8xf32>, %w: tensor<5x3x3x3xf32>) {
  // expected-error @+1 {{`weight` [5, 3, 3, 3] is for 5 input channels, but f32[1, 4, 8, 8] has 4}}
  %0 = weft.conv_transpose %x, %w stride [1, 1] pad [0, 0, 0, 0] output_pad [0, 0] dilation [1, 1] : (tensor<1x4x8x8xf32>, tensor<5x3x3x3xf32>) -> tensor<1x3x10x10xf32>
  return
}

// -----

func.func @linear(%x: tensor<2x4xf32>, %w: tensor<5x3xf32>) {
  // expected-error @+1 {{`weight` [5, 3] reads 3 values, but the last dimension of f32[2, 4] is 4}}
  %0 = weft.linear %x, %w : (tensor<2x4xf32>, tensor<5x3xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul(%x: tensor<2x4xf32>, %y: tensor<5x3xf32>) {
  // expected-error @+1 {{cannot multiply the matrices f32[2, 4] and f32[5, 3]: 4 columns against 5 rows}}
  %0 = weft.matmul %x, %y : (tensor<2x4xf32>, tensor<5x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @matmul_batch(%x: tensor<3x2x4xf32>, %y: tensor<2x4x3xf32>) {
  // expected-error @+1 {{batch dimension 0 differs}}
  %0 = weft.matmul %x, %y : (tensor<3x2x4xf32>, tensor<2x4x3xf32>) -> tensor<3x2x3xf32>
  return
}

// -----

func.func @pool_in_padding(%x: tensor<1x3x8x8xf32>) {
  // expected-error @+1 {{a window of 2 can lie wholly in the padding of 2 in dimension H}}
  %0 = weft.maxpool %x kernel [2, 2] stride [1, 1] pad [2, 0, 0, 0] dilation [1, 1] : (tensor<1x3x8x8xf32>) -> tensor<1x3x9x7xf32>
  return
}

// -----

func.func @lrn(%x: tensor<1x3x8x8xf32>) {
  // expected-error @+1 {{`size` cannot be 0; the least is 1}}
  %0 = weft.lrn %x {size = 0 : i64} : tensor<1x3x8x8xf32>
  return
}

// -----

func.func @lrn_rank(%x: tensor<8xf32>) {
  // expected-error @+1 {{expected [N, C, ...], not f32[8]}}
  %0 = weft.lrn %x {size = 5 : i64} : tensor<8xf32>
  return
}

// -----

func.func @batchnorm(%x: tensor<1x3x8x8xf32>, %v: tensor<4xf32>) {
  // expected-error @+1 {{`gamma` is f32[4], expected shape [3]}}
  %0 = weft.batchnorm %x gamma %v beta %v mean %v var %v : (tensor<1x3x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @groupnorm(%x: tensor<1x3x8x8xf32>) {
  // expected-error @+1 {{`groups` 2 does not divide the 3 channels}}
  %0 = weft.groupnorm %x {groups = 2 : i64} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  return
}

// -----

func.func @softmax(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{`axis` 2 is not a dimension of a tensor of rank 2}}
  %0 = weft.softmax %x axis 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @reduce_twice(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{dimension 1 is reduced twice}}
  %0 = weft.reduce_sum %x axes [1, 1] : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}

// -----

func.func @concat(%x: tensor<1x3x8x8xf32>, %y: tensor<1x3x8x7xf32>) {
  // expected-error @+1 {{cannot concatenate f32[1, 3, 8, 8] and f32[1, 3, 8, 7] along dimension 1: dimension W differs}}
  %0 = weft.concat %x, %y axis 1 : (tensor<1x3x8x8xf32>, tensor<1x3x8x7xf32>) -> tensor<1x6x8x8xf32>
  return
}

// -----

func.func @split(%x: tensor<1x6xf32>) {
  // expected-error @+1 {{`sizes` [2, 3] add up to 5, but dimension 1 of f32[1, 6] is 6}}
  %0, %1 = weft.split %x axis 1 sizes [2, 3] : (tensor<1x6xf32>) -> (tensor<1x2xf32>, tensor<1x3xf32>)
  return
}

// -----

func.func @split_results(%x: tensor<1x6xf32>) {
  // expected-error @+1 {{has 1 results, expected 2}}
  %0 = weft.split %x axis 1 sizes [3, 3] : (tensor<1x6xf32>) -> tensor<1x3xf32>
  return
}

// -----

func.func @slice(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{cannot take 0 to 7 in steps of 1 from dimension 1 of f32[4, 6]}}
  %0 = weft.slice %x from [0, 0] to [4, 7] step [1, 1] : (tensor<4x6xf32>) -> tensor<4x7xf32>
  return
}

// -----

func.func @slice_run_time(%x: tensor<?x6xf32>) {
  // expected-error @+1 {{from dimension 0 of f32[?, 6]}}
  %0 = weft.slice %x from [0, 0] to [4, 6] step [1, 1] : (tensor<?x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @reshape(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{cannot reshape f32[4, 6] to [5, 5]: 24 elements are not 25}}
  %0 = weft.reshape %x to [5, 5] : (tensor<4x6xf32>) -> tensor<5x5xf32>
  return
}

// -----

func.func @reshape_open(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{cannot reshape f32[4, 6] to [5, -1]: 24 elements do not divide by 5}}
  %0 = weft.reshape %x to [5, -1] : (tensor<4x6xf32>) -> tensor<5x5xf32>
  return
}

// -----

func.func @reshape_two_open(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{only one extent may be -1}}
  %0 = weft.reshape %x to [-1, -1] : (tensor<4x6xf32>) -> tensor<5x5xf32>
  return
}

// -----

func.func @reshape_run_time(%x: tensor<?x6xf32>) {
  // expected-error @+1 {{a run-time extent needs one -1}}
  %0 = weft.reshape %x to [4, 6] : (tensor<?x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @transpose(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{`perm` [0, 0] is not a permutation of the dimensions of f32[4, 6]}}
  %0 = weft.transpose %x [0, 0] : (tensor<4x6xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @expand(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{cannot expand f32[4, 6] to [8, 6]: dimension 0 is 4, neither 1 nor 8}}
  %0 = weft.expand %x to [8, 6] : (tensor<4x6xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @pad_reflect(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{cannot mirror 4 elements of dimension 0 of f32[4, 6]: there are only 3 beside the outermost}}
  %0 = weft.pad %x reflect low [4, 0] high [0, 0] : (tensor<4x6xf32>) -> tensor<8x6xf32>
  return
}

// -----

func.func @pad_run_time(%x: tensor<?x6xf32>) {
  // expected-error @+1 {{cannot pad dimension 0 of f32[?, 6]: it is a run-time size}}
  %0 = weft.pad %x constant low [1, 0] high [0, 0] : (tensor<?x6xf32>) -> tensor<?x6xf32>
  return
}

// -----

func.func @channel_shuffle(%x: tensor<1x6x2x2xf32>) {
  // expected-error @+1 {{`groups` 4 does not divide the 6 channels}}
  %0 = weft.channel_shuffle %x groups 4 : (tensor<1x6x2x2xf32>) -> tensor<1x6x2x2xf32>
  return
}

// -----

func.func @channel_shuffle_places(%x: tensor<1x6x2x2xf32>) {
  // expected-error @+1 {{6 channels of 2 groups in 2 parts of 2 places are none that f32[1, 6, 2, 2] can hold}}
  %0 = weft.channel_shuffle %x groups 2 stored [6, 2, 2] : (tensor<1x6x2x2xf32>) -> tensor<1x4x2x2xf32>
  return
}

// -----

func.func @channel_shuffle_entries(%x: tensor<1x6x2x2xf32>) {
  // expected-error @+1 {{`stored` has three entries (channels, parts, places of a part), not 2}}
  %0 = weft.channel_shuffle %x groups 2 stored [6, 2] : (tensor<1x6x2x2xf32>) -> tensor<1x6x2x2xf32>
  return
}

// -----

func.func @depth_to_space(%x: tensor<1x6x2x2xf32>) {
  // expected-error @+1 {{`block` [2, 2] makes 4 elements, which does not divide the 6 channels}}
  %0 = weft.depth_to_space %x dcr block [2, 2] : (tensor<1x6x2x2xf32>) -> tensor<1x1x4x4xf32>
  return
}

// -----

func.func @resample_channels(%x: tensor<1x4x6xf32>, %i: tensor<2x9xi32>, %w: tensor<2x9xf32>) {
  // expected-error @+1 {{`axis` cannot be 1: the spatial dimensions of f32[1, 4, 6] are 2 to 2}}
  %0 = weft.resample %x[%i] by %w axis 1 : (tensor<1x4x6xf32>, tensor<2x9xi32>, tensor<2x9xf32>) -> tensor<1x9x6xf32>
  return
}

// -----

func.func @resample_without_space(%x: tensor<4x6xf32>, %i: tensor<2x9xi32>, %w: tensor<2x9xf32>) {
  // expected-error @+1 {{expected [N, C, spatial...] with one to three spatial dimensions, not f32[4, 6]}}
  %0 = weft.resample %x[%i] by %w axis 1 : (tensor<4x6xf32>, tensor<2x9xi32>, tensor<2x9xf32>) -> tensor<4x9xf32>
  return
}

// -----

func.func @resample_tables(%x: tensor<1x4x6xf32>, %i: tensor<2x9xi32>, %w: tensor<2x8xf32>) {
  // expected-error @+1 {{`indices` i32[2, 9] and `weights` f32[2, 8] are not of one shape of two dimensions}}
  %0 = weft.resample %x[%i] by %w axis 2 : (tensor<1x4x6xf32>, tensor<2x9xi32>, tensor<2x8xf32>) -> tensor<1x4x9xf32>
  return
}

// -----

func.func @resample_places(%x: tensor<1x4x6xf32>, %i: tensor<2x9xi64>, %w: tensor<2x9xf32>) {
  // expected-error @+1 {{`indices` i64[2, 9] and `weights` f32[2, 9] are not i32 and 'f32'}}
  %0 = weft.resample %x[%i] by %w axis 2 : (tensor<1x4x6xf32>, tensor<2x9xi64>, tensor<2x9xf32>) -> tensor<1x4x9xf32>
  return
}

// -----

func.func @depth_to_space_without_space(%x: tensor<1x6xf32>) {
  // expected-error @+1 {{expected [N, C, spatial...] with one to three spatial dimensions, not f32[1, 6]}}
  %0 = weft.depth_to_space %x dcr block [2] : (tensor<1x6xf32>) -> tensor<1x3xf32>
  return
}

// -----

func.func @depth_to_space_in_one_of_two(%x: tensor<1x6x2x2xf32>) {
  // expected-error @+1 {{`block` has 1 entries for 2 spatial dimensions}}
  %0 = weft.depth_to_space %x dcr block [2] : (tensor<1x6x2x2xf32>) -> tensor<1x3x2x4xf32>
  return
}

// -----

func.func @depth_to_space_by_nothing(%x: tensor<1x6x2x2xf32>) {
  // expected-error @+1 {{`block` 0 is not from 1 to 1024}}
  %0 = weft.depth_to_space %x dcr block [0, 2] : (tensor<1x6x2x2xf32>) -> tensor<1x6x2x2xf32>
  return
}

// -----

func.func @image_crop(%x: tensor<1x48x64x3xi8>) {
  // expected-error @+1 {{`crop` [50, 50] is larger than the picture [48, 64]}}
  %0 = weft.image_input %x {mean = array<f64: 0.5>, std = array<f64: 0.5>, crop = array<i64: 50, 50>} : (tensor<1x48x64x3xi8>) -> tensor<1x3x50x50xf32>
  return
}

// -----

func.func @image_std(%x: tensor<1x48x64x3xi8>) {
  // expected-error @+1 {{`std` cannot be 0}}
  %0 = weft.image_input %x {mean = array<f64: 0.5>, std = array<f64: 0.0>} : (tensor<1x48x64x3xi8>) -> tensor<1x3x48x64xf32>
  return
}

// -----

func.func @image_mean(%x: tensor<1x48x64x3xi8>) {
  // expected-error @+1 {{`mean` has 2 entries, expected 1 or 3}}
  %0 = weft.image_input %x {mean = array<f64: 0.5, 0.5>, std = array<f64: 1.0>} : (tensor<1x48x64x3xi8>) -> tensor<1x3x48x64xf32>
  return
}

// -----

func.func @aggregate_arguments(%p: tensor<?xi32>, %i: tensor<?xi32>, %h: tensor<?x16xf32>) {
  // expected-error @+1 {{region argument 0 is 'tensor<8xf32>', expected 'tensor<16xf32>'}}
  %0 = weft.aggregate sum(%p, %i) captures(src %h) {
  ^bb0(%hj: tensor<8xf32>):
    weft.yield %hj : tensor<8xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @aggregate_count(%p: tensor<?xi32>, %i: tensor<?xi32>, %h: tensor<?x16xf32>) {
  // expected-error @+1 {{the region has 2 arguments for 1 captured tensors}}
  %0 = weft.aggregate sum(%p, %i) captures(src %h) {
  ^bb0(%hj: tensor<16xf32>, %hi: tensor<16xf32>):
    weft.yield %hj : tensor<16xf32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  return
}

// -----

func.func @aggregate_index_types(%p: tensor<?xi64>, %i: tensor<?xi32>, %h: tensor<?x16xf32>) {
  // expected-error @+1 {{`indptr` i64[?] and `indices` i32[?] must be vectors of one integer type}}
  %0 = weft.aggregate sum(%p, %i) captures(src %h) {
  ^bb0(%hj: tensor<16xf32>):
    weft.yield %hj : tensor<16xf32>
  } : (tensor<?xi64>, tensor<?xi32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  return
}

// -----

func.func @aggregate_scalar(%p: tensor<?xi32>, %i: tensor<?xi32>, %h: tensor<f32>) {
  // expected-error @+1 {{captured tensor 0 is a scalar: it has no row for `src`}}
  %0 = weft.aggregate sum(%p, %i) captures(src %h) {
  ^bb0(%hj: tensor<f32>):
    weft.yield %hj : tensor<f32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<f32>) -> tensor<?xf32>
  return
}

// -----

func.func @captures(%p: tensor<?xi32>, %i: tensor<?xi32>, %h: tensor<?xf32>) {
  // expected-error @+1 {{expected `src`, `dst`, `edge` or `all`, not `node`}}
  %0 = weft.aggregate sum(%p, %i) captures(node %h) {
  ^bb0(%hj: tensor<f32>):
    weft.yield %hj : tensor<f32>
  } : (tensor<?xi32>, tensor<?xi32>, tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @gather_elements(%x: tensor<3x4xf32>, %i: tensor<2x9xi64>) {
  // expected-error @+1 {{`indices` i64[2, 9] do not fit f32[3, 4] along dimension 1: other dimensions have extent 1, or that of the tensor}}
  %0 = weft.gather_elements %x[%i] axis 1 : (tensor<3x4xf32>, tensor<2x9xi64>) -> tensor<3x9xf32>
  return
}

// -----

func.func @scatter(%x: tensor<3x4xf32>, %i: tensor<9x1xi64>, %u: tensor<9x5xf32>) {
  // expected-error @+1 {{`updates` f32[9, 5] differ from f32[3, 4] in more than dimension 0}}
  %0 = weft.scatter add %x[%i] by %u axis 0 : (tensor<3x4xf32>, tensor<9x1xi64>, tensor<9x5xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @scatter_count(%x: tensor<3x4xf32>, %i: tensor<8x1xi64>, %u: tensor<9x4xf32>) {
  // expected-error @+1 {{`indices` i64[8, 1] do not fit f32[3, 4] along dimension 0}}
  %0 = weft.scatter add %x[%i] by %u axis 0 : (tensor<3x4xf32>, tensor<8x1xi64>, tensor<9x4xf32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @ordinal_rank(%x: tensor<3x4xf32>) {
  // expected-error @+1 {{`axis`}}
  %0 = weft.ordinal_rank %x axis 2 : (tensor<3x4xf32>) -> tensor<3x4xi32>
  return
}

// -----

func.func @readout(%x: tensor<?x4xf32>, %part: tensor<?xi32>) {
  // expected-error @+1 {{`graphs` is -1 exactly when `size` names a run-time size}}
  %0 = weft.readout sum %x by %part graphs -1 : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return
}

// -----

func.func @readout_part(%x: tensor<5x4xf32>, %part: tensor<6xi32>) {
  // expected-error @+1 {{`part` i32[6] does not give a part for each row of f32[5, 4]}}
  %0 = weft.readout sum %x by %part graphs 2 : (tensor<5x4xf32>, tensor<6xi32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @dot(%x: tensor<f32>) {
  // expected-error @+1 {{a scalar has no last dimension to sum over}}
  %0 = weft.dot %x, %x : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @weight() {
  // expected-error @+1 {{has an empty path}}
  %0 = weft.weight "" : tensor<4xf32>
  return
}

// -----

func.func @run_time_weight() {
  // expected-error @+1 {{a weight is static and has no encoding}}
  %0 = weft.weight "w" : tensor<?xf32>
  return
}

// -----

func.func @relayout(%x: tensor<1x8x2x2xf32>) {
  // expected-error @+1 {{cannot change f32[1, 8, 2, 2] into f32[1, 8, 2, 3]}}
  %0 = weft.relayout %x : tensor<1x8x2x2xf32> -> tensor<1x8x2x3xf32>
  return
}

// -----

func.func @pack_depthwise(%w: tensor<8x2x3x3xf32>) {
  // expected-error @+1 {{expected a depthwise filter [C, 1, kernel...], not f32[8, 2, 3, 3]}}
  %0 = weft.pack_depthwise %w {block = 8 : i64} : (tensor<8x2x3x3xf32>) -> tensor<1x3x3x8xf32>
  return
}

// -----

func.func @winograd_window(%w: tensor<8x2x7x7xf32>) {
  // expected-error @+1 {{expected a filter of 3x3, 5x5 or a line of 3, 5, 7 or 9 taps, not f32[8, 2, 7, 7]}}
  %0 = weft.winograd_filter %w {m = 4 : i64, ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<8x2x7x7xf32>) -> tensor<36x1x1x8x8xf32>
  return
}

// -----

func.func @winograd_m(%w: tensor<8x2x3x3xf32>) {
  // expected-error @+1 {{`m` is 2, 4 or, but for 5x5 filters and lines of 9, 6, not 3}}
  %0 = weft.winograd_filter %w {m = 3 : i64, ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<8x2x3x3xf32>) -> tensor<25x1x1x8x8xf32>
  return
}

// -----

func.func @strassen_window(%w: tensor<16x16x3x3xf32>) {
  // expected-error @+1 {{expected a filter of 1x1, not f32[16, 16, 3, 3]}}
  %0 = weft.strassen_filter %w {ic_block = 8 : i64, oc_block = 8 : i64} : (tensor<16x16x3x3xf32>) -> tensor<7x1x1x8x8xf32>
  return
}

// -----

func.func @pack_block(%w: tensor<8xf32>) {
  // expected-error @+1 {{`block` cannot be 0; the least is 1}}
  %0 = weft.pack_vector %w {block = 0 : i64} : (tensor<8xf32>) -> tensor<1x8xf32>
  return
}

// -----

// expected-error @+1 {{a block has at least 1 channel, not 0}}
func.func private @block(tensor<1x8x2x2xf32, #weft.blocked<0>>)

// -----

// expected-error @+1 {{a border of 2 entries does not fit 2 spatial dimensions: expected 4}}
func.func private @border(tensor<1x8x2x2xf32, #weft.blocked<8, border = [1, 1]>>)

// -----

// expected-error @+1 {{a border cannot be -1 wide}}
func.func private @negative_border(tensor<1x8x2xf32, #weft.blocked<8, border = [-1, 1]>>)

// -----

func.func @group_types(%x: tensor<4xf32>) {
  // expected-error @+1 {{argument 0 is 'tensor<5xf32>', its operand 'tensor<4xf32>'}}
  %0 = weft.group "a" (%x) {
  ^bb0(%a: tensor<5xf32>):
    weft.yield %a : tensor<5xf32>
  } : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @group_results(%x: tensor<4xf32>) {
  // expected-error @+1 {{has 0 results for 1 yielded values}}
  weft.group "a" (%x) {
  ^bb0(%a: tensor<4xf32>):
    weft.yield %a : tensor<4xf32>
  } : (tensor<4xf32>) -> ()
  return
}

// -----

func.func private @effect()
func.func @group_effects(%x: tensor<4xf32>) {
  // expected-error @+1 {{holds `func.call`, which is not pure}}
  %0 = weft.group "a" (%x) {
  ^bb0(%a: tensor<4xf32>):
    func.call @effect() : () -> ()
    weft.yield %a : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @where_shapes(%c: tensor<4xf32>, %x: tensor<2x4xf32>, %y: tensor<2x3xf32>) {
  // expected-error @+1 {{cannot choose between f32[2, 4] and f32[2, 3]: dimension 1 differs}}
  %z = weft.where %c, %x, %y : (tensor<4xf32>, tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<2x4xf32>
  return
}

// -----

// expected-error @+1 {{a receptive field has as many `dims`, `jump`, `start` and `size` as `picture_dims`, 1}}
func.func private @field_lists() attributes {f = #weft.field<channels = [16], picture = 0, picture_dims = [2],
  dims = [2, 3], jump = [1.0], start = [0.0], size = [3.0]>}
