using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Replaces each latent vector by the nearest of a codebook (van den Oord et al. 2017, equation 2).</summary>
internal sealed class VectorQuantizer : nn.Module<Tensor, Tensor>
{
    // Distances computed at once: of large images and codebooks there would be gigabytes.
    private const long MostDistances = 1 << 24;

    [ComponentName(Name = "embedding")] private readonly Embedding _codebook;

    public VectorQuantizer(LayerFactory layers, int count, int width) : base(NativeModule.Create(nameof(VectorQuantizer)), 0)
    {
        // Published is a uniform of ±1/count; a normal of its standard deviation begins as close together.
        _codebook = layers.Embedding(count, width, 1 / (Math.Sqrt(3) * count));
        RegisterComponents();
    }

    /// <param name="latents">[batch, width, height, width in pixels].</param>
    public override Tensor forward(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor codes = Lookup(Nearest(latents));
        // The gradient passes by the choice as if it were not there (straight-through).
        return latents.Add((codes - latents).detach()).MoveToOuterDisposeScope();
    }

    /// <param name="latents">[batch, width, height, width in pixels].</param>
    /// <returns>Indices of the nearest vectors, [batch, height, width], int64.</returns>
    public Tensor Nearest(Tensor latents)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor pixels = latents.permute(0, 2, 3, 1).contiguous();
        Tensor rows = pixels.view(-1, pixels.shape[3]);
        Tensor nearest = cat([.. rows.split(Math.Max(1, MostDistances / _codebook.weight!.shape[0])).Select(NearestOf)]);
        return nearest.view(pixels.shape[..3]).MoveToOuterDisposeScope();
    }

    /// <param name="indices">[batch, height, width], int64.</param>
    /// <returns>[batch, width of the codebook, height, width].</returns>
    public Tensor Lookup(Tensor indices)
    {
        using DisposeScope scope = NewDisposeScope();
        return _codebook.call(indices).permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }

    private Tensor NearestOf(Tensor rows)
    {
        using Tensor distances = cdist(rows, _codebook.weight!);
        return distances.argmin(1);
    }
}
