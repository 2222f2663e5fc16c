using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A family's networks called directly, as its papers and published code say.</summary>
internal sealed class PlainFamily(string family) : IDisposable
{
    public const int Scale = 4;

    private readonly ModelComponents _made = ToEvaluate(FamilyFolders.Make(family));

    /// <summary>Changes the input of the U-Net.</summary>
    public Func<UNetInput, UNetInput> Input { get; set; } = input => input;

    public bool Velocity => family.StartsWith("sd2", StringComparison.Ordinal);

    private bool XL => family.StartsWith("xl", StringComparison.Ordinal);

    private bool Refiner => family == "xl-refiner";

    /// <summary>Guided predictions for the prompt "ab a".</summary>
    public Func<Tensor, double, Tensor> Guided()
    {
        (Tensor text, Tensor without, Tensor? pooled, Tensor? pooledWithout) = Texts();
        return (x, t) =>
        {
            Tensor conditional = Predict(x, t, text, pooled, score: 6), unconditional = Predict(x, t, without, pooledWithout, score: 2.5f);
            return unconditional + Scale * (conditional - unconditional);
        };
    }

    /// <summary>
    /// Predictions for the prompt "ab a" and an image, by three evaluations: of neither, of the image, of both (Brooks et al. 2023,
    /// equation 3).
    /// </summary>
    public Func<Tensor, double, Tensor> Edited(Tensor image, double imageScale)
    {
        (Tensor text, Tensor without, Tensor? pooled, Tensor? pooledWithout) = Texts();
        return (x, t) =>
        {
            Tensor neither = Predict(cat([x, zeros_like(image)], 1), t, without, pooledWithout, score: 0);
            Tensor seen = Predict(cat([x, image], 1), t, without, pooledWithout, score: 0);
            Tensor both = Predict(cat([x, image], 1), t, text, pooled, score: 0);
            return neither + Scale * (both - seen) + imageScale * (seen - neither);
        };
    }

    /// <summary>The likeliest latents of an image, without their scale.</summary>
    public Tensor Mode(Tensor pixels) => ((AutoencoderKL)_made.Autoencoder).Encode(pixels).Mean;

    /// <summary>A draw of an image's latents, from the next noise of a generator.</summary>
    public Tensor Encoded(Tensor pixels, Generator generator)
    {
        (Tensor mean, Tensor logVariance) = ((AutoencoderKL)_made.Autoencoder).Encode(pixels);
        return (mean + (0.5 * logVariance).exp() * randn(mean.shape, generator: generator)) * (XL ? 0.13025 : 0.18215);
    }

    public static Tensor Pixels(ImageBuffer image) =>
        tensor([.. image.Rgb.ToArray().Select(b => (float)(b / 127.5 - 1))], [1, image.Height, image.Width, 3])
            .permute(0, 3, 1, 2)
            .contiguous();

    public void Dispose() => _made.Dispose();

    /// <summary>
    /// In the mode of networks that are read from files, and so in the same form: where a group of one channel is constant, as of an
    /// image of one color, its normalisation multiplies rounding by up to 1000.
    /// </summary>
    private static ModelComponents ToEvaluate(ModelComponents made)
    {
        foreach ((_, nn.Module network) in made.Networks) network.eval();
        return made;
    }

    /// <summary>What the U-Net reads of the prompt "ab a", and without a prompt.</summary>
    private (Tensor Text, Tensor Without, Tensor? Pooled, Tensor? PooledWithout) Texts()
    {
        long padding = Velocity ? 0 : 8;
        ClipTextOutput? first = _made.TextEncoder?.call(Ids(padding, 7, 6, 3, 8)), firstEmpty = _made.TextEncoder?.call(Ids(padding, 7, 8));
        ClipTextOutput? second = _made.TextEncoder2?.call(Ids(0, 7, 6, 3, 8)), secondEmpty = _made.TextEncoder2?.call(Ids(0, 7, 8));
        // Podell et al. 2023, section 2.1: both towers' layer before the last, and the second's pooled text; its base models know no prompt
        // as zeros.
        Tensor text = Refiner ? second!.PenultimateHiddenState
            : XL ? cat([first!.PenultimateHiddenState, second!.PenultimateHiddenState], 2)
            : first!.LastHiddenState;
        Tensor without = Refiner ? secondEmpty!.PenultimateHiddenState : XL ? zeros_like(text) : firstEmpty!.LastHiddenState;
        Tensor? pooled = second?.Projected, pooledWithout = Refiner ? secondEmpty!.Projected : pooled is null ? null : zeros_like(pooled);
        return (text, without, pooled, pooledWithout);
    }

    private Tensor Predict(Tensor x, double t, Tensor text, Tensor? pooled, float score)
    {
        float[] size = [TaskImages.Height, TaskImages.Width, 0, 0];
        float[] told = Refiner ? [.. size, score] : [.. size, TaskImages.Height, TaskImages.Width];
        return _made.UNet.call(Input(new UNetInput(x, tensor((float)t).view(1), text)
        {
            TextEmbeds = pooled, TimeIds = pooled is null ? null : tensor(told, [1, told.Length]),
        }));
    }

    private static Tensor Ids(long padding, params long[] ids) => tensor([.. ids, .. Enumerable.Repeat(padding, 16 - ids.Length)], [1, 16]);
}
