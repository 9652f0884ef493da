package org.conceptclip.model;

/**
 * Hyper-parameters of the text tower, a BERT encoder with mean pooling.
 *
 * @param width columns of a token
 * @param depth layers
 * @param heads attention heads; divides width
 * @param mlpHidden columns inside a layer's MLP
 * @param vocabulary rows of the word table
 * @param maxPositions rows of the position table
 * @param tokenTypes rows of the token-type table, of which only the first is used
 * @param layerNormEpsilon epsilon of every LayerNorm
 * @param paddingId token id that is masked out
 * @param contextLength number of tokens to which texts are truncated by default
 */
public record TextConfig(
    int width,
    int depth,
    int heads,
    int mlpHidden,
    int vocabulary,
    int maxPositions,
    int tokenTypes,
    double layerNormEpsilon,
    int paddingId,
    int contextLength) {}
