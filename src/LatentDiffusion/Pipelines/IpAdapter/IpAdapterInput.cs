using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What one adapter adds to one pass of an image, or of images that share their evaluations.</summary>
/// <param name="Adapter">The adapter.</param>
/// <param name="Weight">Complete.</param>
/// <param name="Tokens">The tokens of its images. In a batch, those of the first image; all are in the conditioning.</param>
/// <param name="Masks">Where each image acts, [1 or batch, images, height, width]; null for everywhere.</param>
internal sealed record IpAdapterInput(LoadedIpAdapter Adapter, IpAdapterWeight Weight, IpAdapterTokens Tokens, Tensor? Masks)
{
    /// <summary>The scale of each of the adapter's layers.</summary>
    public IReadOnlyList<double> Scales { get; } = [.. Adapter.Layers.Select(Weight.ScaleOf)];

    /// <summary>Whether it changes an evaluation.</summary>
    public bool Acts(int evaluation, int evaluations) => Scales.Any(scale => scale != 0) && Weight.Acts(evaluation, evaluations);

    /// <summary>The keys and values of tokens, by the path of the layer that reads them.</summary>
    /// <param name="tokens">[batch, images · tokens, width of the text].</param>
    public IEnumerable<(string Layer, AddedContext Added)> Added(Tensor tokens)
    {
        IReadOnlyList<(Tensor Keys, Tensor Values)?> layers = Adapter.Network.KeysAndValues(tokens, layer => Scales[layer] != 0);
        for (int i = 0; i < layers.Count; i++)
        {
            if (layers[i] is not var (keys, values)) continue;
            var all = new AddedContext(keys, values) { Scale = Scales[i] };
            foreach (AddedContext added in Masks is null ? [all] : Masked(all)) yield return (Adapter.Layers[i], added);
        }
    }

    /// <summary>The tokens of each image by themselves, with its mask.</summary>
    private IEnumerable<AddedContext> Masked(AddedContext all)
    {
        long batch = all.Keys.shape[0], tokens = all.Keys.shape[1] / Tokens.Images;
        // Guidance evaluates several batches of the same images at once.
        Tensor masks = Masks!.shape[0] == 1 ? Masks : Masks.repeat(batch / Masks.shape[0], 1, 1, 1);
        for (int i = 0; i < Tokens.Images; i++)
        {
            yield return new AddedContext(all.Keys.narrow(1, i * tokens, tokens), all.Values.narrow(1, i * tokens, tokens))
            {
                Scale = all.Scale, Mask = masks.narrow(1, i, 1),
            };
        }
    }
}
