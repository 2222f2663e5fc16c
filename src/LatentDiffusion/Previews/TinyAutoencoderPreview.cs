using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Previews;

/// <summary>Full-size previews from a tiny autoencoder that imitates the model's own (TAESD). Owns the network.</summary>
public sealed class TinyAutoencoderPreview : ILatentPreview, IOffloadable, IDisposable
{
    private readonly nn.Module _network;
    private readonly Func<Tensor, Tensor> _decode;
    private readonly AutoencoderTinyConfig _config;
    private readonly ScalarType _type;

    /// <summary>Previews of a tiny autoencoder.</summary>
    /// <param name="network">The tiny autoencoder, on the device of the pipeline.</param>
    public TinyAutoencoderPreview(AutoencoderTiny network)
    {
        ArgumentNullException.ThrowIfNull(network);
        (_network, _decode, _config, _type) = (network, network.Decode, network.Config, NetworkUse.TypeOf(network));
    }

    private TinyAutoencoderPreview(TinyDecoder network) =>
        (_network, _decode, _config, _type) = (network, network.call, network.Config, NetworkUse.TypeOf(network));

    /// <summary>Number of latent channels of the tiny autoencoder: 4 (TAESD, TAESDXL), 16 (TAESD3, TAEF1) or 32 (TAEF2).</summary>
    public int LatentChannels => _config.LatentChannels;

    /// <summary>Opens a published tiny autoencoder.</summary>
    /// <param name="path">
    /// A diffusers folder of <c>AutoencoderTiny</c>, or a file with the decoder (<c>taesd_decoder.safetensors</c>) or both halves.
    /// </param>
    /// <param name="device">Where the network runs; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">Type of its weights, in which it computes; null for float32 on the CPU and the file's own elsewhere.</param>
    /// <exception cref="CheckpointException">The file is damaged or does not hold the decoder of a tiny autoencoder.</exception>
    /// <exception cref="InvalidDataException">The folder holds another network.</exception>
    public static TinyAutoencoderPreview Open(string path, Device? device = null, ScalarType? precision = null) =>
        Read(path, LoadOptionsResolver.Resolve(device, precision));

    /// <inheritdoc />
    /// <remarks>Its own number of channels, and of TAEF2 that of patches of 2 by 2 of its latents, which FLUX.2 denoises.</remarks>
    public bool Supports(int channels) => channels == LatentChannels || channels == PatchChannels;

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The latents have another number of channels.</exception>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (latents.dim() != 4 || !Supports((int)latents.shape[1]))
        {
            throw new ArgumentException(
                $"Latents are [batch, {(PatchChannels == LatentChannels ? "" : $"{PatchChannels} or ")}{LatentChannels}, height, width]; "
                + $"these are [{string.Join(", ", latents.shape)}].",
                nameof(latents));
        }

        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor whole = latents.shape[1] == LatentChannels ? latents : nn.functional.pixel_shuffle(latents, _config.DenoisedPatch);
        Tensor unscaled = whole.Divide(_config.ScalingFactor).AddInPlace(_config.ShiftFactor ?? 0);
        return _decode(unscaled.to(_type)).to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(_network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => _network.Dispose();

    private int PatchChannels => LatentChannels * _config.DenoisedPatch * _config.DenoisedPatch;

    internal static TinyAutoencoderPreview Read(string path, CheckpointOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return File.Exists(path)
            ? new TinyAutoencoderPreview(TinyCheckpoint.OpenDecoder(path, options))
            : new TinyAutoencoderPreview(DiffusersFolder.ReadNetwork<AutoencoderTiny>(path, options));
    }
}
