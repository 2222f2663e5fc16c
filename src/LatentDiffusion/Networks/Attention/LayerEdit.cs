using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>What an evaluation changes in one attention layer.</summary>
/// <param name="IsIdentity">Whether each position sees only its own value (Ahn et al. 2024, equation 12).</param>
/// <param name="Added">Further tokens that the layer attends to.</param>
internal sealed record LayerEdit(bool IsIdentity, IReadOnlyList<AddedContext> Added)
{
    /// <summary>The attention with that to the further tokens added, before the layer's projection. Disposes what it is given.</summary>
    /// <param name="attended">Attention as the layer computes it, [batch, positions, width].</param>
    /// <param name="attend">Attends from the layer's queries to keys and values.</param>
    /// <param name="query">The queries, [batch, positions, width], whose type and device the tokens take.</param>
    /// <param name="size">Height and width of the feature map; their product is the number of positions.</param>
    public Tensor AddTo(Tensor attended, Func<Tensor, Tensor, Tensor> attend, Tensor query, (long Height, long Width) size)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (AddedContext tokens in Added)
        {
            Tensor more = attend(tokens.Keys.to(query.dtype, query.device), tokens.Values.to(query.dtype, query.device));
            if (tokens.Mask is { } mask) more = more.Into(x => x * Weights(mask, size).to(query.dtype, query.device));
            attended = attended.Into(x => x.Add(more, tokens.Scale));
        }

        return attended.MoveToOuterDisposeScope();
    }

    /// <summary>A mask at the size of a feature map, [batch, positions, 1].</summary>
    private static Tensor Weights(Tensor mask, (long Height, long Width) size) => nn.functional
        .interpolate(mask.to(ScalarType.Float32), [size.Height, size.Width], mode: InterpolationMode.Bicubic, align_corners: false)
        .flatten(1).unsqueeze(-1);
}
