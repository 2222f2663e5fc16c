using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// The transformer of a model family as a denoiser, for example <see cref="FluxDenoiser"/>. Computes in its network's precision, and gives
/// its prediction in that of the latents.
/// </summary>
public sealed class TransformerDenoiser : ITrainableDenoiser, IDisposable
{
    private readonly Adapter _adapter;
    private readonly ScalarType _type;

    /// <param name="network">The network, which the denoiser owns.</param>
    /// <param name="description">What it reads and supports; its number format is added.</param>
    /// <param name="adapter">How it is evaluated.</param>
    internal TransformerDenoiser(nn.Module network, DenoiserDescription description, Adapter adapter)
    {
        (Network, _adapter, _type) = (network, adapter, NetworkUse.TypeOf(network));
        Description = description with { Type = _type };
    }

    /// <summary>The network.</summary>
    public nn.Module Network { get; }

    /// <inheritdoc />
    public DenoiserDescription Description { get; }

    string ITrainableDenoiser.ComponentName => ComponentNames.Transformer;

    /// <inheritdoc />
    public Tensor Predict(DenoiserInput input)
    {
        Description.ThrowIfUnsupported(input);
        input.CancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        return Evaluate(input, _type);
    }

    /// <inheritdoc />
    public Tensor Forward(DenoiserInput input)
    {
        Description.ThrowIfUnsupported(input);
        return Evaluate(input, Network.parameters().First().dtype);
    }

    /// <summary>A denoiser with a copy of the network, of the same type and on the same device.</summary>
    public TransformerDenoiser Copy() => _adapter.Copy();

    ITrainableDenoiser ITrainableDenoiser.Copy() => Copy();

    /// <inheritdoc />
    /// <remarks>The tokens of both streams in the block that holds most at once.</remarks>
    public long WorkingBytes(long batch, long latentPixels)
    {
        // The stream, normalised, with queries, keys and values, and the feed-forward, gated; texts have up to 512 tokens.
        const int Maps = 16, TextTokens = 512;
        long tokens = latentPixels / (Description.PatchSize * Description.PatchSize) + TextTokens;
        return batch * tokens * Maps * _adapter.Width * NetworkUse.SizeOf(_type);
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(Network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => Network.Dispose();

    private Tensor Evaluate(DenoiserInput input, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        return _adapter.Evaluate(input, type).to(input.Latents.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>How a family evaluates its network.</summary>
    /// <param name="Width">Width of the tokens within the network.</param>
    /// <param name="Evaluate">Evaluates it on an input, with tensors in a type.</param>
    /// <param name="Copy">Makes a denoiser with a copy of it.</param>
    internal sealed record Adapter(
        long Width, Func<DenoiserInput, ScalarType, Tensor> Evaluate, Func<TransformerDenoiser> Copy);
}
