namespace LatentDiffusion.Training;

/// <summary>Optimizers of a training run, which differ in the memory that they take for each trained value.</summary>
public enum OptimizerAlgorithm
{
    /// <summary>AdamW (Loshchilov &amp; Hutter 2019, algorithm 2): two moments in float32, 8 bytes per value.</summary>
    AdamW,

    /// <summary>
    /// AdamW with moments in 8 bits and one scale for each 256 values (block-wise quantisation with a dynamic code, Dettmers et al. 2022),
    /// 2.03 bytes per value.
    /// </summary>
    AdamW8Bit,

    /// <summary>
    /// Adafactor without a first moment (Shazeer &amp; Stern 2018, algorithms 4 and 5): the second moment of a matrix is the product of a
    /// row and a column, so that it takes hardly any memory; a convolution counts as a matrix with a row for each output channel. Updates
    /// have a root mean square of at most the learning rate, which is the run's.
    /// </summary>
    Adafactor,
}
