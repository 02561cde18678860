/* Part of weft, under the Apache License v2.0 with LLVM Exceptions.
 * A product that uses two networks: one finds edges, one reads digits. Draws a seven, shows its edges, and says what it
 * reads. `two-models FOLDER`, the folder with digits.weights and edges.weights.
 */
#include "digits.h"
#include "edges.h"

#include <stdio.h>
#include <string.h>

enum { SIDE = 32 };

/* A bar across the top and a stroke down: 1 is ink. */
static void drawSeven(float *image) {
  memset(image, 0, SIDE * SIDE * sizeof *image);
  for (int y = 4; y < 28; ++y)
    for (int x = 8; x < 24; ++x)
      if (y < 8 || (x >= 22 - (y - 4) / 2 - 2 && x < 22 - (y - 4) / 2 + 2))
        image[y * SIDE + x] = 1;
}

static void show(const float *image) {
  for (int y = 0; y < SIDE; y += 2) {
    for (int x = 0; x < SIDE; ++x)
      putchar(image[y * SIDE + x] > 0.5f ? '#' : '.');
    putchar('\n');
  }
}

static int best(const float *values, int count) {
  int best = 0;
  for (int i = 1; i < count; ++i)
    best = values[i] > values[best] ? i : best;
  return best;
}

static int failed(weft_status status) {
  if (status != WEFT_OK)
    fprintf(stderr, "two-models: %s\n", weft_error_message());
  return status != WEFT_OK;
}

int main(int count, char **arguments) {
  static float image[SIDE * SIDE], strength[SIDE * SIDE], probabilities[10];
  const char *folder = count > 1 ? arguments[1] : ".";
  char digitsFile[4096], edgesFile[4096];
  snprintf(digitsFile, sizeof digitsFile, "%s/digits.weights", folder);
  snprintf(edgesFile, sizeof edgesFile, "%s/edges.weights", folder);

  digits *reader = NULL;
  edges *finder = NULL;
  const weft_tensor picture = {image, WEFT_F32, 4, {1, 1, SIDE, SIDE}};
  const weft_tensor found = {strength, WEFT_F32, 4, {1, 1, SIDE, SIDE}};
  const weft_tensor read = {probabilities, WEFT_F32, 2, {1, 10}};
  drawSeven(image);
  const int bad =
      failed(digits_create(2, NULL, digitsFile, &reader)) || failed(edges_create(1, NULL, edgesFile, &finder)) ||
      failed(edges_run(finder, &picture, &found, NULL)) || failed(digits_run(reader, &picture, &read, NULL));
  if (!bad) {
    show(strength);
    printf("this reads as a %d, with probability %.2f\n", best(probabilities, 10),
           probabilities[best(probabilities, 10)]);
  }
  digits_destroy(reader);
  edges_destroy(finder);
  return bad;
}
