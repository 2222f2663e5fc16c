using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Enlarges images with a network: ESRGAN (Wang et al. 2018), Real-ESRGAN (Wang et al. 2021) and networks in their format. Images are
/// divided into tiles, so that memory does not grow with the image except for the result. Safe for concurrent calls.
/// </summary>
public sealed class ImageUpscaler : IImageUpscaler, IDisposable
{
    private readonly UpscalingNetwork _network;
    private readonly UpscalingOptions _options;
    private readonly ScalarType _type;

    internal ImageUpscaler(UpscalingNetwork network, string name, UpscalingOptions? options = null)
    {
        _options = options ?? new UpscalingOptions();
        ValidOptions.Check(_options);
        (_network, Name, _type) = (network, name, NetworkUse.TypeOf(network));
    }

    /// <summary>The name of the file, without folder and extension.</summary>
    public string Name { get; }

    /// <summary>Factor by which one pass of the network enlarges width and height: 1, 2, 4 or 8.</summary>
    public int Scale => _network.Scale;

    /// <summary>Opens a network of the architecture RRDBNet (ESRGAN, Real-ESRGAN) or SRVGGNetCompact (realesr-general-x4v3).</summary>
    /// <param name="path">
    /// A <c>.pth</c> or safetensors file with the names of Real-ESRGAN or ESRGAN, also within <c>params_ema</c> or <c>params</c>. Scale
    /// and number of blocks follow from it.
    /// </param>
    /// <param name="device">Where the network runs; null for CUDA if available, otherwise the CPU.</param>
    /// <param name="precision">Type of its weights, in which it computes; null for float32 on the CPU and the file's own elsewhere.</param>
    /// <param name="options">How images are divided into tiles; null for the defaults.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, of another architecture, or incomplete; the message names what was found and expected.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">The precision is not a floating-point type.</exception>
    /// <exception cref="InvalidOperationException">The device is not available.</exception>
    public static ImageUpscaler Open(
        string path, Device? device = null, ScalarType? precision = null, UpscalingOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        UpscalingNetwork network = UpscalerCheckpoint.Open(path, LoadOptionsResolver.Resolve(device, precision));
        try
        {
            return new ImageUpscaler(network, Path.GetFileNameWithoutExtension(path), options);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Enlarges an image by <see cref="Scale"/>.</summary>
    /// <param name="image">The image.</param>
    /// <param name="progress">Receives each tile on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Checked before each tile.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The result would have more pixels than an <see cref="ImageBuffer"/> can hold.
    /// </exception>
    /// <exception cref="NonFiniteValuesException">The network gave NaN or infinity, as happens in float16.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The upscaler is disposed, before the call or during it.</exception>
    public ImageBuffer Upscale(
        ImageBuffer image, IProgress<UpscalingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Run(image, passes: 1, progress, cancellationToken);
    }

    /// <summary>
    /// Enlarges an image to a size: by one or more passes of the network until both sides reach it, then with a Lanczos filter to the exact
    /// size.
    /// </summary>
    /// <inheritdoc cref="Upscale(ImageBuffer, IProgress{UpscalingProgress}?, CancellationToken)" path="/exception"/>
    /// <param name="image">The image.</param>
    /// <param name="width">Width of the result in pixels, at least 1.</param>
    /// <param name="height">Height of the result in pixels, at least 1.</param>
    /// <param name="progress">Receives each tile on the calling thread; null for none.</param>
    /// <param name="cancellationToken">Checked before each tile.</param>
    public ImageBuffer Upscale(
        ImageBuffer image, int width, int height, IProgress<UpscalingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int passes = 1;
        // A network that keeps the size restores the image once.
        for (long reached = Scale; Scale > 1 && (image.Width * reached < width || image.Height * reached < height); reached *= Scale)
            passes++;
        return Run(image, passes, progress, cancellationToken).Resize(width, height);
    }

    /// <summary>Enlarges an image by <see cref="Scale"/> on a worker thread.</summary>
    /// <inheritdoc cref="Upscale(ImageBuffer, IProgress{UpscalingProgress}?, CancellationToken)"/>
    public Task<ImageBuffer> UpscaleAsync(
        ImageBuffer image, IProgress<UpscalingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Task.Run(() => Upscale(image, progress, cancellationToken), cancellationToken);
    }

    /// <summary>Enlarges an image to a size on a worker thread.</summary>
    /// <inheritdoc cref="Upscale(ImageBuffer, int, int, IProgress{UpscalingProgress}?, CancellationToken)"/>
    public Task<ImageBuffer> UpscaleAsync(
        ImageBuffer image, int width, int height, IProgress<UpscalingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return Task.Run(() => Upscale(image, width, height, progress, cancellationToken), cancellationToken);
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(_network, device);
        return true;
    }

    /// <inheritdoc />
    public long WorkingBytes(int width, int height) =>
        new UpscalingTiles(height, width, _network.SizeMultiple, _options).WorkingBytes(_network, NetworkUse.SizeOf(_type));

    /// <summary>Frees the network, after the tiles that read it.</summary>
    public void Dispose() => _network.Dispose();

    private ImageBuffer Run(ImageBuffer image, int passes, IProgress<UpscalingProgress>? progress, CancellationToken cancellationToken)
    {
        UpscalingTiles[] tiles = [.. Sizes(image, passes).Select(
            size => new UpscalingTiles(size.Height, size.Width, _network.SizeMultiple, _options))];
        int total = tiles.Sum(t => t.Count), completed = 0;
        foreach (UpscalingTiles pass in tiles) image = new UpscalingPass(_network, _type, pass, Completed).Run(image, cancellationToken);
        return image;

        void Completed() => progress?.Report(new UpscalingProgress(++completed, total));
    }

    /// <summary>The size of the image before each pass.</summary>
    private List<(int Width, int Height)> Sizes(ImageBuffer image, int passes)
    {
        const int Channels = 3;
        var sizes = new List<(int, int)>();
        (long width, long height) = (image.Width, image.Height);
        for (int pass = 0; pass < passes; pass++)
        {
            sizes.Add(((int)width, (int)height));
            (width, height) = (width * Scale, height * Scale);
            if ((double)width * height * Channels <= Array.MaxLength) continue;
            throw new ArgumentOutOfRangeException(
                nameof(image), $"{image.Width} x {image.Height}",
                $"The network would make {width} x {height} pixels, more than an image can hold ({Array.MaxLength / Channels}).");
        }

        return sizes;
    }
}
