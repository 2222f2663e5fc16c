using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>Some samples of a denoiser's input.</summary>
internal static class InputRows
{
    /// <summary>The input of some samples, without changing their conditioning. New tensors belong to the caller's dispose scope.</summary>
    /// <param name="input">Input of a batch.</param>
    /// <param name="rows">Which samples, in order.</param>
    public static DenoiserInput Select(DenoiserInput input, long[] rows)
    {
        long batch = input.Latents.shape[0];
        if (rows.Length == batch && rows.Index().All(r => r.Index == r.Item)) return input;
        Tensor index = tensor(rows, device: input.Latents.device);
        return input with
        {
            Latents = Picked(input.Latents), Timesteps = PickedNumbers(input.Timesteps),
            GuidanceScales = input.GuidanceScales is null ? null : PickedNumbers(input.GuidanceScales),
            ConcatenatedLatents = input.ConcatenatedLatents is null ? null : Picked(input.ConcatenatedLatents),
            ControlResiduals = input.ControlResiduals is null ? null : [.. input.ControlResiduals.Select(Picked)],
            AdapterResiduals = input.AdapterResiduals is null ? null : [.. input.AdapterResiduals.Select(Picked)],
            AttentionEdits = input.AttentionEdits is { AddedContext.Count: > 0 } edits ? PickedContext(edits) : input.AttentionEdits,
            ReferenceLatents = input.ReferenceLatents is null ? null : [.. input.ReferenceLatents.Select(Picked)],
        };

        AttentionEdits PickedContext(AttentionEdits edits) => edits with
        {
            AddedContext = edits.AddedContext.ToDictionary(
                layer => layer.Key, IReadOnlyList<AddedContext> (layer) => [.. layer.Value.Select(PickedTokens)]),
        };

        // One mask may be for all samples.
        AddedContext PickedTokens(AddedContext tokens) => tokens with
        {
            Keys = Picked(tokens.Keys), Values = Picked(tokens.Values),
            Mask = tokens.Mask is { } mask && mask.shape[0] > 1 ? Picked(mask) : tokens.Mask,
        };

        Tensor Picked(Tensor all) => all.index_select(0, index);

        IReadOnlyList<double> PickedNumbers(IReadOnlyList<double> values) =>
            values.Count == 1 ? values : [.. rows.Select(row => values[(int)row])];
    }
}
