using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Previews;

/// <summary>
/// An image as small as the latents, each of whose colours is a linear function of the latent's channels: one product of
/// small matrices in place of a network.
/// </summary>
public sealed class LinearPreview : ILatentPreview
{
    private readonly float[] _factors, _bias;

    /// <summary>A map of the caller's own.</summary>
    /// <param name="factors">A row a channel; red, green and blue of [−1, 1] for one unit of it.</param>
    /// <param name="bias">Red, green and blue of zero latents; null for the middle grey 0.</param>
    /// <exception cref="ArgumentException">A row does not have three colours, or no channel is given.</exception>
    public LinearPreview(double[,] factors, double[]? bias = null)
    {
        ArgumentNullException.ThrowIfNull(factors);
        if (factors.GetLength(0) < 1 || factors.GetLength(1) != 3 || bias is { Length: not 3 })
            throw new ArgumentException(
                "Factors are one row of 3 a channel and the bias has 3 entries; "
                    + $"these are {factors.GetLength(0)} x {factors.GetLength(1)} and {bias?.Length ?? 3}.",
                nameof(factors));
        _factors = [.. factors.Cast<double>().Select(f => (float)f)];
        _bias = [.. (bias ?? [0, 0, 0]).Select(b => (float)b)];
    }

    /// <summary>
    /// For latents of Stable Diffusion 1.x and 2.x. The factors were found by Kevin Turner (discuss.huggingface.co,
    /// "Decoding latents to RGB without upscaling", 2022).
    /// </summary>
    public static LinearPreview StableDiffusion { get; } = new(new[,]
    {
        { 0.298, 0.207, 0.208 },
        { 0.187, 0.286, 0.173 },
        { -0.158, 0.189, 0.264 },
        { -0.184, -0.271, -0.473 },
    });

    /// <summary>For latents of Stable Diffusion XL, with the factors that ComfyUI publishes for them.</summary>
    public static LinearPreview StableDiffusionXL { get; } = new(
        new[,]
        {
            { 0.3651, 0.4232, 0.4341 },
            { -0.2533, -0.0042, 0.1068 },
            { 0.1076, 0.1111, -0.0362 },
            { -0.3165, -0.2492, -0.2188 },
        },
        [0.1084, -0.0175, -0.0011]);

    /// <summary>For latents of Stable Diffusion 3 and 3.5, with the factors that ComfyUI publishes for them.</summary>
    public static LinearPreview StableDiffusion3 { get; } = new(
        new[,]
        {
            { -0.0922, -0.0175, 0.0749 }, { 0.0311, 0.0633, 0.0954 },
            { 0.1994, 0.0927, 0.0458 }, { 0.0856, 0.0339, 0.0902 },
            { 0.0587, 0.0272, -0.0496 }, { -0.0006, 0.1104, 0.0309 },
            { 0.0978, 0.0306, 0.0427 }, { -0.0042, 0.1038, 0.1358 },
            { -0.0194, 0.0020, 0.0669 }, { -0.0488, 0.0130, -0.0268 },
            { 0.0922, 0.0988, 0.0951 }, { -0.0278, 0.0524, -0.0542 },
            { 0.0332, 0.0456, 0.0895 }, { -0.0069, -0.0030, -0.0810 },
            { -0.0596, -0.0465, -0.0293 }, { -0.1448, -0.1463, -0.1189 },
        },
        [0.2394, 0.2135, 0.1925]);

    /// <summary>For latents of FLUX.1, which Chroma and Z-Image share, with the factors that ComfyUI publishes for them.</summary>
    public static LinearPreview Flux { get; } = new(
        new[,]
        {
            { -0.0346, 0.0244, 0.0681 }, { 0.0034, 0.0210, 0.0687 },
            { 0.0275, -0.0668, -0.0433 }, { -0.0174, 0.0160, 0.0617 },
            { 0.0859, 0.0721, 0.0329 }, { 0.0004, 0.0383, 0.0115 },
            { 0.0405, 0.0861, 0.0915 }, { -0.0236, -0.0185, -0.0259 },
            { -0.0245, 0.0250, 0.1180 }, { 0.1008, 0.0755, -0.0421 },
            { -0.0515, 0.0201, 0.0011 }, { 0.0428, -0.0012, -0.0036 },
            { 0.0817, 0.0765, 0.0749 }, { -0.1264, -0.0522, -0.1103 },
            { -0.0280, -0.0881, -0.0499 }, { -0.1262, -0.0982, -0.0778 },
        },
        [-0.0329, -0.0718, -0.0851]);

    /// <summary>Number of latent channels it takes.</summary>
    public int Channels => _factors.Length / 3;

    /// <summary>
    /// Fits the map to an autoencoder by least squares, over the encodings of random smooth images, always the same.
    /// A rough likeness: of the variance of the shipped model's drawings it shows three fifths, and no linear map shows
    /// more than three quarters.
    /// </summary>
    /// <param name="autoencoder">The autoencoder.</param>
    /// <param name="device">Where it runs; null for the CPU.</param>
    public static LinearPreview Fit(IAutoencoder autoencoder, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(autoencoder);
        return Fit(autoencoder, device ?? CPU, CancellationToken.None);
    }

    private static LinearPreview Fit(IAutoencoder autoencoder, Device device, CancellationToken cancellationToken)
    {
        const int Images = 16, LatentSide = 16, Blobs = 4;
        double[] contrasts = [0.5, 1, 2, 4];
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        var known = new List<Tensor>();
        var wanted = new List<Tensor>();
        int side = LatentSide * autoencoder.DownsamplingFactor, channels = autoencoder.LatentChannels;
        for (int i = 0; i < Images; i++)
        {
            // Of every brightness and contrast: most images have large parts that are nearly white or black, and maps
            // fitted only to middle tones miss those.
            Tensor blobs = nn.functional.interpolate(
                randn(1, 3, Blobs, Blobs, generator: generator), size: [side, side], mode: InterpolationMode.Bicubic, align_corners: false);
            Tensor brightness = randn(1, 1, 1, 1, generator: generator).Multiply(2),
                tint = randn(1, 3, 1, 1, generator: generator).Multiply(0.3);
            Tensor image = blobs.Add(brightness).Add(tint).Multiply(contrasts[i % contrasts.Length]).tanh_();
            cancellationToken.ThrowIfCancellationRequested();
            Tensor latents = autoencoder.Encode(image.to(device), cancellationToken).Mean.cpu().to(ScalarType.Float64);
            known.Add(Rows(latents));
            wanted.Add(Rows(nn.functional.avg_pool2d(image, autoencoder.DownsamplingFactor).to(ScalarType.Float64)));
        }

        Tensor x = cat([cat(known), ones(Images * LatentSide * LatentSide, 1, ScalarType.Float64)], 1);
        // A trace of ridge, so that channels that say nothing do not make the equations singular.
        Tensor normal = x.t().mm(x).Add(eye(channels + 1, dtype: ScalarType.Float64), 1e-6 * x.shape[0]);
        double[] map = [.. linalg.solve(normal, x.t().mm(cat(wanted))).contiguous().data<double>()];
        var factors = new double[channels, 3];
        Buffer.BlockCopy(map, 0, factors, 0, channels * 3 * sizeof(double));
        return new LinearPreview(factors, map[^3..]);

        static Tensor Rows(Tensor maps) => maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]);
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentException">The latents have another number of channels.</exception>
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        if (latents.dim() != 4 || latents.shape[1] != Channels)
            throw new ArgumentException(
                $"Latents are [batch, {Channels}, height, width]; these are [{string.Join(", ", latents.shape)}].", nameof(latents));
        using DisposeScope scope = NewDisposeScope();
        Tensor maps = latents.detach().to(ScalarType.Float32).permute(0, 2, 3, 1);
        Tensor factors = tensor(_factors, [Channels, 3], device: latents.device), bias = tensor(_bias, device: latents.device);
        return maps.matmul(factors).AddInPlace(bias).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <inheritdoc />
    public bool Supports(int channels) => channels == Channels;

    /// <summary>The published map where the autoencoder is a published one, else a fitted one.</summary>
    /// <param name="autoencoder">The autoencoder.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="cancellationToken">Checked before each evaluation that fitting takes.</param>
    internal static ILatentPreview For(IAutoencoder autoencoder, Device device, CancellationToken cancellationToken = default) =>
        autoencoder.Preview ?? Fit(autoencoder, device, cancellationToken);

    /// <summary>The published map for an autoencoder; null where none is published.</summary>
    /// <param name="channels">Channels of its encoder at each resolution.</param>
    /// <param name="latents">Latent channels.</param>
    /// <param name="scale">Scale of the latents.</param>
    /// <param name="shift">Their shift; null for none.</param>
    internal static LinearPreview? Published(IReadOnlyList<int> channels, int latents, double scale, double? shift) =>
        !channels.SequenceEqual([128, 256, 512, 512]) ? null
        : (latents, scale, shift) switch
        {
            (4, 0.18215, null) => StableDiffusion,
            (4, 0.13025, null) => StableDiffusionXL,
            (16, 1.5305, 0.0609) => StableDiffusion3,
            (16, 0.3611, 0.1159) => Flux,
            _ => null,
        };
}
