using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Output of the vision tower. Owns its tensors.</summary>
/// <param name="LastHiddenState">Output of the last layer, [batch, tokens, width].</param>
/// <param name="PenultimateHiddenState">Output of the layer before the last, [batch, tokens, width].</param>
/// <param name="Pooled">The last hidden state of the whole image, normalised, [batch, width].</param>
/// <param name="Projected">The pooled output projected: the embedding of an image, [batch, projection width].</param>
internal sealed record ClipVisionOutput(Tensor LastHiddenState, Tensor PenultimateHiddenState, Tensor Pooled, Tensor Projected)
    : IDisposable
{
    public void Dispose()
    {
        LastHiddenState.Dispose();
        PenultimateHiddenState.Dispose();
        Pooled.Dispose();
        Projected.Dispose();
    }
}
