/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * Where kernels compiled with asserts report: each of Halide's checks passes the name of the buffer or function first.
 * In C and without Halide's header, so that one signature serves all of them. */

const char *weft_test_failed_check, *weft_test_failed_name;

#define CHECK(name)                                                                                                    \
  int name(void *context, const char *what) {                                                                         \
    (void)context;                                                                                                     \
    weft_test_failed_check = #name;                                                                                    \
    weft_test_failed_name = what;                                                                                      \
    return -1;                                                                                                         \
  }

CHECK(halide_error_access_out_of_bounds)
CHECK(halide_error_bad_type)
CHECK(halide_error_bad_dimensions)
CHECK(halide_error_bad_fold)
CHECK(halide_error_fold_factor_too_small)
CHECK(halide_error_buffer_allocation_too_large)
CHECK(halide_error_buffer_argument_is_null)
CHECK(halide_error_buffer_extents_negative)
CHECK(halide_error_buffer_extents_too_large)
CHECK(halide_error_constraint_violated)
CHECK(halide_error_constraints_make_required_region_smaller)
CHECK(halide_error_explicit_bounds_too_small)
CHECK(halide_error_host_is_null)
CHECK(halide_error_host_and_device_dirty)
CHECK(halide_error_device_dirty_with_no_device_support)
CHECK(halide_error_requirement_failed)
CHECK(halide_error_split_factor_not_positive)
CHECK(halide_error_storage_bound_too_small)

int halide_error_out_of_memory(void *context) {
  (void)context;
  weft_test_failed_check = "halide_error_out_of_memory";
  weft_test_failed_name = "";
  return -1;
}
