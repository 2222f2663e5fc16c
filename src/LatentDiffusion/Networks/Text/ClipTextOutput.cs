using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Output of the text tower. Owns its tensors.</summary>
/// <param name="LastHiddenState">Output of the last layer, normalised, [batch, tokens, width].</param>
/// <param name="PenultimateHiddenState">Output of the layer before the last, [batch, tokens, width].</param>
/// <param name="Pooled">The last hidden state at the end token, [batch, width].</param>
/// <param name="Projected">The pooled output projected, [batch, projection width]; null without a projection.</param>
public sealed record ClipTextOutput(Tensor LastHiddenState, Tensor PenultimateHiddenState, Tensor Pooled, Tensor? Projected) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        LastHiddenState.Dispose();
        PenultimateHiddenState.Dispose();
        Pooled.Dispose();
        Projected?.Dispose();
    }
}
