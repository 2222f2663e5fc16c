using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Images to embeddings, by CLIP's vision tower. Safe for concurrent generations; owns its network.</summary>
/// <param name="network">The network.</param>
/// <param name="path">Where it was read from, for messages.</param>
internal sealed class ImageEncoder(ClipVisionModel network, string path) : IOffloadable, IDisposable
{
    private readonly ScalarType _type = NetworkUse.TypeOf(network);

    /// <summary>Where it was read from.</summary>
    public string Path => path;

    /// <summary>Width of what it gives.</summary>
    /// <param name="config">Configuration of its network.</param>
    /// <param name="hiddenStates">Whether it gives hidden states, and not embeddings.</param>
    public static long WidthOf(ClipVisionConfig config, bool hiddenStates) => hiddenStates ? config.HiddenSize : config.ProjectionDim;

    /// <inheritdoc cref="WidthOf(ClipVisionConfig, bool)"/>
    public long WidthOf(bool hiddenStates) => WidthOf(network.Config, hiddenStates);

    /// <summary>Encodes images one by one, so that the embedding of an image does not depend on others.</summary>
    /// <param name="images">At least one.</param>
    /// <param name="hiddenStates">Whether to give the hidden states before the last layer, and not embeddings.</param>
    /// <param name="withNegative">Whether the negative prompt needs some too; those of embeddings are zeros.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="cancellationToken">Checked before each image.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public ImageEmbeds Encode(
        IReadOnlyList<ImageBuffer> images, bool hiddenStates, bool withNegative, Device device, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor all = cat([.. images.Select(Evaluate)]);
        float[]? negative = hiddenStates && withNegative ? EncodeNegative(images.Count, device, cancellationToken) : null;
        return new ImageEmbeds(all.shape, Values(all), negative);

        Tensor Evaluate(ImageBuffer image)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Tensor pixels = ClipImageTensor.FromImage(image, network.Config.ImageSize).to(_type, device);
            return hiddenStates ? network.PenultimateHiddenState(pixels) : network.call(pixels).Projected;
        }
    }

    /// <summary>
    /// Hidden states for the negative prompt, as published: those of zeros in place of the normalised pixels, the same for every image.
    /// </summary>
    /// <param name="count">Number of images.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="cancellationToken">Checked before it is computed.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public float[] EncodeNegative(int count, Device device, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        int size = network.Config.ImageSize;
        Tensor none = network.PenultimateHiddenState(zeros([1, 3, size, size], _type, device));
        return Values(none.expand([count, -1, -1]));
    }

    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(network, device);
        return true;
    }

    public void Dispose() => network.Dispose();

    private static float[] Values(Tensor embeds) => [.. embeds.to(ScalarType.Float32).cpu().contiguous().data<float>()];
}
