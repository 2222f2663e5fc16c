namespace LatentDiffusion.Checkpoints;

/// <summary>Computes the float32 values of whole blocks, each operation rounded once, in the order of the reference.</summary>
/// <param name="blocks">The stored blocks.</param>
/// <param name="values">Receives the values; has room for exactly as many.</param>
internal delegate void BlockExpander(ReadOnlySpan<byte> blocks, Span<float> values);

/// <summary>Rounds values to whole blocks.</summary>
/// <param name="values">The values. They are finite.</param>
/// <param name="blocks">Receives the blocks; has room for exactly as many.</param>
internal delegate void BlockQuantizer(ReadOnlySpan<float> values, Span<byte> blocks);
