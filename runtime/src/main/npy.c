/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * NumPy's .npy files (numpy.org/doc/stable/reference/generated/numpy.lib.format.html). The header is a Python
 * dictionary; only the literals NumPy writes there are understood, pickled and structured types are refused, and every
 * size is compared with what is really in the file before memory is taken for it.
 */
#include "array.h"
#include "complain.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_HEADER_BYTES 65536

/* ---- the header's dictionary ---- */

typedef struct cursor {
  const char *at, *end;
} cursor;

typedef struct header {
  char descr[16];
  int fortran;
  uint32_t rank;
  int64_t dims[WEFT_MAX_RANK];
  int hasDescr, hasOrder, hasShape;
} header;

static void skipSpace(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
    ++c->at;
}

static int take(cursor *c, char wanted) {
  skipSpace(c);
  if (c->at == c->end || *c->at != wanted)
    return 0;
  ++c->at;
  return 1;
}

static int takeWord(cursor *c, const char *word) {
  const size_t length = strlen(word);
  skipSpace(c);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
    return 0;
  c->at += length;
  return 1;
}

static int takeString(cursor *c, char *text, size_t capacity) {
  skipSpace(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
    return 0;
  const char quote = *c->at++;
  const char *close = memchr(c->at, quote, (size_t)(c->end - c->at));
  if (close == NULL || (size_t)(close - c->at) >= capacity || memchr(c->at, '\\', (size_t)(close - c->at)) != NULL)
    return 0;
  memcpy(text, c->at, (size_t)(close - c->at));
  text[close - c->at] = 0;
  c->at = close + 1;
  return 1;
}

static int takeNumber(cursor *c, int64_t *value) {
  skipSpace(c);
  const char *begin = c->at;
  for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; ++c->at)
    if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *c->at - '0', value))
      return 0;
  return c->at != begin;
}

static int takeShape(cursor *c, header *out) {
  if (!take(c, '('))
    return 0;
  while (!take(c, ')')) {
    int64_t dim;
    if (out->rank == WEFT_MAX_RANK || !takeNumber(c, &dim))
      return 0;
    out->dims[out->rank++] = dim;
    if (!take(c, ',') && (skipSpace(c), c->at == c->end || *c->at != ')'))
      return 0;
  }
  return out->hasShape = 1;
}

static int takeEntry(cursor *c, header *out) {
  char key[16];
  if (!takeString(c, key, sizeof key) || !take(c, ':'))
    return 0;
  if (strcmp(key, "descr") == 0 && !out->hasDescr)
    return out->hasDescr = takeString(c, out->descr, sizeof out->descr);
  if (strcmp(key, "fortran_order") == 0 && !out->hasOrder) {
    out->fortran = takeWord(c, "True");
    return out->hasOrder = out->fortran || takeWord(c, "False");
  }
  return strcmp(key, "shape") == 0 && !out->hasShape && takeShape(c, out);
}

static int parseDictionary(cursor c, header *out) {
  if (!take(&c, '{'))
    return 0;
  while (!take(&c, '}')) {
    if (!takeEntry(&c, out))
      return 0;
    if (!take(&c, ',') && (skipSpace(&c), c.at == c.end || *c.at != '}'))
      return 0;
  }
  skipSpace(&c);
  return c.at == c.end && out->hasDescr && out->hasOrder && out->hasShape;
}

/* ---- dtypes ---- */

static int dtypeOf(const char *descr, uint32_t *dtype) {
  static const struct {
    const char *descr;
    uint32_t dtype;
  } known[] = {{"<f4", WEFT_F32}, {"<f8", WEFT_F64}, {"<i4", WEFT_I32},
               {"<i8", WEFT_I64}, {"|u1", WEFT_U8},  {"|b1", WEFT_BOOL}};
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i)
    if (strcmp(known[i].descr, descr) == 0) {
      *dtype = known[i].dtype;
      return 1;
    }
  return 0;
}

static const char *descrOf(uint32_t dtype) {
  static const char *const descrs[] = {"<f4", "<f8", "<i4", "<i8", "|u1", "|b1"};
  return descrs[dtype];
}

/* ---- from file order and type to the port's ---- */

/* Where element `index` (C order) of a Fortran-ordered array lies. */
static int64_t fortranPlace(const int64_t *dims, uint32_t rank, int64_t index) {
  int64_t place = 0, remaining = index;
  for (uint32_t d = rank; d-- > 0;) {
    int64_t stride = 1;
    for (uint32_t outer = 0; outer < d; ++outer)
      stride *= dims[outer];
    place += remaining % dims[d] * stride;
    remaining /= dims[d];
  }
  return place;
}

static int convert(const char *file, const header *header, uint32_t from, const unsigned char *data, int64_t count,
                   weft_array *array) {
  const size_t bytes = weft_dtype_bytes(from);
  const int fortran = header->fortran && header->rank > 1;
  if (from == array->dtype && !fortran) {
    if (count != 0)
      memcpy(array->data, data, (size_t)count * bytes);
    return 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    const unsigned char *element = data + (fortran ? fortranPlace(header->dims, header->rank, i) : i) * (int64_t)bytes;
    if (from == array->dtype) {
      memcpy((unsigned char *)array->data + i * (int64_t)bytes, element, bytes);
      continue;
    }
    int64_t value;
    memcpy(&value, element, sizeof value);
    if (value < INT32_MIN || value > INT32_MAX)
      return weft_complain("`%s`: element %lld is %lld, which is no 32-bit index", file, (long long)i,
                           (long long)value);
    ((int32_t *)array->data)[i] = (int32_t)value;
  }
  return 0;
}

static int loadBody(const char *file, const header *header, const unsigned char *data, size_t bytes,
                    const weft_info *info, const weft_port *port, weft_array *array) {
  uint32_t dtype;
  if (!dtypeOf(header->descr, &dtype))
    return weft_complain("`%s` has dtype `%s`; `%s` takes `%s`", file, header->descr, port->name, descrOf(port->dtype));
  if (dtype != port->dtype && !(dtype == WEFT_I64 && port->dtype == WEFT_I32))
    return weft_complain("`%s` has dtype `%s`; `%s` takes `%s`", file, header->descr, port->name, descrOf(port->dtype));
  const int64_t count = weft_count(header->dims, header->rank, weft_dtype_bytes(dtype));
  if (count < 0 || (uint64_t)count * weft_dtype_bytes(dtype) != bytes)
    return weft_complain("`%s` is truncated or too long: %zu bytes of data do not fit its shape", file, bytes);
  if (count > weft_port_capacity(info, port))
    return weft_complain("`%s` has %lld elements; `%s` takes at most %lld", file, (long long)count, port->name,
                         (long long)weft_port_capacity(info, port));
  *array = (weft_array){.dtype = port->dtype, .rank = header->rank};
  memcpy(array->dims, header->dims, sizeof array->dims);
  if (weft_array_allocate(array, file) != 0)
    return WEFT_EXIT_ERROR;
  if (convert(file, header, dtype, data, count, array) == 0)
    return 0;
  weft_array_free(array);
  return WEFT_EXIT_ERROR;
}

int weft_npy_parse(const char *file, const unsigned char *data, size_t bytes, const weft_info *info,
                   const weft_port *port, weft_array *array) {
  if (bytes < 12 || memcmp(data, "\x93NUMPY", 6) != 0 || data[6] < 1 || data[6] > 3)
    return weft_complain("`%s` is not a .npy file", file);
  const size_t prefix = data[6] == 1 ? 10 : 12;
  size_t length = data[8] | (size_t)data[9] << 8;
  if (data[6] > 1)
    length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
  if (length > MAX_HEADER_BYTES || length > bytes - prefix)
    return weft_complain("`%s` has a header that is truncated or too long", file);
  header header = {{0}, 0, 0, {0}, 0, 0, 0};
  const char *text = (const char *)data + prefix;
  if (!parseDictionary((cursor){text, text + length}, &header))
    return weft_complain(
        "`%s` has a header that is not a plain array's (rank at most %d, no pickled or structured type)", file,
        WEFT_MAX_RANK);
  return loadBody(file, &header, data + prefix + length, bytes - prefix - length, info, port, array);
}

int weft_npy_read(const char *file, const weft_info *info, const weft_port *port, weft_array *array) {
  const int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0) {
    if (descriptor >= 0)
      close(descriptor);
    return weft_complain("cannot read `%s`: %s", file, strerror(errno));
  }
  void *map = S_ISREG(status.st_mode) && status.st_size > 0
                  ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0)
                  : MAP_FAILED;
  close(descriptor);
  if (map == MAP_FAILED)
    return weft_complain("`%s` is not a .npy file", file);
  const int failed = weft_npy_parse(file, map, (size_t)status.st_size, info, port, array);
  munmap(map, (size_t)status.st_size);
  return failed;
}

/* ---- writing ---- */

static int formatHeader(char *text, size_t capacity, const weft_tensor *tensor) {
  int used = snprintf(text, capacity, "{'descr': '%s', 'fortran_order': False, 'shape': (", descrOf(tensor->dtype));
  for (uint32_t d = 0; d < tensor->rank; ++d)
    used += snprintf(text + used, capacity - (size_t)used, d + 1 == tensor->rank && d > 0 ? "%lld" : "%lld, ",
                     (long long)tensor->dims[d]);
  used += snprintf(text + used, capacity - (size_t)used, "), }");
  while ((10 + used + 1) % 64 != 0)
    text[used++] = ' ';
  text[used++] = '\n';
  return used;
}

int weft_npy_write(weft_output *output, const weft_tensor *tensor) {
  char text[512];
  const int length = formatHeader(text, sizeof text - 64, tensor);
  const size_t element = weft_dtype_bytes(tensor->dtype);
  const int64_t count = weft_count(tensor->dims, tensor->rank, element);
  const unsigned char prefix[10] = {
      0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)length, (unsigned char)(length >> 8)};
  if (fwrite(prefix, 1, sizeof prefix, output->stream) != sizeof prefix ||
      fwrite(text, 1, (size_t)length, output->stream) != (size_t)length ||
      (count > 0 && fwrite(tensor->data, element, (size_t)count, output->stream) != (size_t)count))
    return weft_complain("cannot write `%s`: %s", output->file, strerror(errno));
  return 0;
}
