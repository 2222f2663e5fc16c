using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The tokens of one sample's image, of its caption, or of both.</summary>
/// <param name="Tokens">[tokens, width].</param>
/// <param name="Positions">[tokens, axes].</param>
internal sealed record ZImageSequence(Tensor Tokens, Tensor Positions)
{
    /// <summary>Image and caption are each padded to a multiple of this with learned tokens.</summary>
    private const int Multiple = 32;

    /// <summary>Number of tokens.</summary>
    public long Count => Tokens.shape[0];

    /// <summary>A number of tokens with its padding.</summary>
    public static long Padded(long count) => (count + Multiple - 1) / Multiple * Multiple;

    /// <summary>The tokens of both.</summary>
    public ZImageSequence Followed(ZImageSequence other) => new(cat([Tokens, other.Tokens]), cat([Positions, other.Positions]));

    /// <summary>Evaluates blocks on a batch of samples; those that are shorter than the longest are masked at their ends.</summary>
    /// <param name="sequences">The samples.</param>
    /// <param name="blocks">The blocks.</param>
    /// <param name="condition">The embedded timesteps, [batch, width].</param>
    /// <param name="rotary">The rotary embedding.</param>
    /// <returns>The samples with other tokens, which are views. Intermediate tensors belong to the dispose scope.</returns>
    public static ZImageSequence[] Run(
        IReadOnlyList<ZImageSequence> sequences, IReadOnlyList<ZImageBlock> blocks, Tensor condition, RotaryEmbedding rotary)
    {
        long longest = sequences.Max(s => s.Count);
        Tensor tokens = stack([.. sequences.Select(s => Lengthened(s.Tokens, longest))]);
        Tensor rotations = rotary.Rotations(stack([.. sequences.Select(s => Lengthened(s.Positions, longest))])).to(tokens.device);
        Tensor? bias = sequences.All(s => s.Count == longest) ? null : Bias(sequences, longest).to(tokens.dtype, tokens.device);
        var conditions = new JointConditions(condition, condition, rotations, bias);
        foreach (ZImageBlock block in blocks) tokens = tokens.Into(x => block.Run(x, conditions));
        return [.. sequences.Select((s, i) => s with { Tokens = tokens[i].narrow(0, 0, s.Count) })];
    }

    private static Tensor Lengthened(Tensor rows, long count) =>
        rows.shape[0] == count ? rows : cat([rows, zeros([count - rows.shape[0], rows.shape[1]], rows.dtype, rows.device)]);

    /// <summary>Minus infinity where a sample has no tokens, [batch, 1, 1, tokens].</summary>
    private static Tensor Bias(IReadOnlyList<ZImageSequence> sequences, long longest)
    {
        float[] values = new float[sequences.Count * longest];
        foreach ((int i, ZImageSequence sequence) in sequences.Index())
            values.AsSpan((int)(i * longest + sequence.Count), (int)(longest - sequence.Count)).Fill(float.NegativeInfinity);
        return tensor(values, [sequences.Count, 1, 1, longest]);
    }
}
