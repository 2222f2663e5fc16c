using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>The conditionings of images that share their evaluations, as one batch.</summary>
internal static class JoinedConditioning
{
    /// <summary>
    /// One batch of conditionings of one prompt each. Shorter ones are filled up with tokens that are not attended to: windows
    /// of the empty prompt, which make prompt and negative prompt equally long, would make another image of the prompt than
    /// it gives in a batch of one. Denoisers to which such tokens matter get texts of one length: see <see cref="GenerationPass.Batches"/>.
    /// </summary>
    /// <param name="ones">At least one, which agree as <see cref="Check"/> says. A single one is returned as it is.</param>
    public static Conditioning Create(IReadOnlyList<Conditioning> ones)
    {
        if (ones.Count == 1) return ones[0];
        long tokens = ones.Max(Tokens);
        bool masked = ones.Any(c => c.Mask is not null || Tokens(c) != tokens);
        return new Conditioning(
            cat([.. ones.Select(c => Filled(c.HiddenStates, tokens))]),
            ones[0].Pooled is null ? null : cat([.. ones.Select(c => c.Pooled!)]),
            masked ? cat([.. ones.Select(c => Filled(c.Mask ?? ones_like(c.HiddenStates.select(2, 0)), tokens))]) : null,
            ones[0].Additional.ToDictionary(a => a.Key, a => cat([.. ones.Select(c => c.Additional[a.Key])])));
    }

    /// <summary>Refuses conditionings that cannot share evaluations.</summary>
    /// <param name="requests">Conditioning of each request's prompt.</param>
    /// <exception cref="ArgumentException">Widths differ, or some are pooled and others not.</exception>
    public static void Check(IReadOnlyList<Conditioning> requests)
    {
        string expected = Kind(requests[0]);
        for (int i = 1; i < requests.Count; i++)
            RequestValidator.Check(
                Kind(requests[i]) == expected, $"requests[{i}].{nameof(GenerationRequest.PromptEmbeds)}", Kind(requests[i]),
                $"{expected}, as in requests[0], for they are generated together");
    }

    private static long Tokens(Conditioning one) => one.HiddenStates.shape[1];

    private static string Kind(Conditioning one) => FormattableString.Invariant(
        $"of width {one.HiddenStates.shape[2]} and {(one.Pooled is { } pooled ? $"pooled to {pooled.shape[1]}" : "not pooled")}");

    /// <summary>With zeros for the tokens that are missing, [1, tokens, …].</summary>
    private static Tensor Filled(Tensor one, long tokens)
    {
        if (one.shape[1] == tokens) return one;
        long[] missing = [1, tokens - one.shape[1], .. one.shape[2..]];
        return cat([one, zeros(missing, dtype: one.dtype, device: one.device)], 1);
    }
}
