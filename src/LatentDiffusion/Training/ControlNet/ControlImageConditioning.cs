using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Texts with the control image of each row, which a <see cref="ControlledDenoiser"/> reads.</summary>
/// <param name="text">The texts; the caller's.</param>
/// <param name="images">The control images, in the order of the rows.</param>
/// <param name="width">Width of the images in pixels.</param>
/// <param name="height">Height of the images in pixels.</param>
/// <param name="variants">Rows of the latents' cache that each image has.</param>
internal sealed class ControlImageConditioning(
    ITextConditioning text, ICaptionedImageSource images, int width, int height, int variants) : ITextConditioning, IReadsAhead, IDisposable
{
    /// <summary>Name of the images among the tensors of a conditioning, [batch, 3, height, width] in [0, 1].</summary>
    public const string Name = "control_image";

    private readonly ImageReadAhead _reading = new(row => images.Read(row / variants, row % variants));

    private readonly Lazy<string> _data = new(() => ImageBatches.DataOf(images));

    public IReadOnlyDictionary<string, nn.Module> Modules => text.Modules;

    public string ContentKey => $"{text.ContentKey} {_data.Value}";

    public void Expect(long[] rows) => _reading.Expect(rows);

    public void Dispose() => _reading.Dispose();

    public Conditioning Encode(Tensor index, Tensor dropped) => Encode(index, dropped, new long[index.shape[0]]);

    public Conditioning Encode(Tensor index, Tensor dropped, IReadOnlyList<long> epochs)
    {
        CaptionedImage[] read = _reading.Read([.. index.data<long>()], next: []);
        if (Array.Find(read, r => r.Image.Width != width || r.Image.Height != height) is { } other)
            throw new ArgumentException(
                $"The control image '{other.Name}' is {other.Image.Width} x {other.Image.Height} pixels; expected {width} x {height}, "
                    + "the size of the images in the cache.");
        Tensor pixels = ImageTensor.FromImages([.. read.Select(r => r.Image)]).AddInPlace(1).DivideInPlace(2);
        return text.Encode(index, dropped, epochs).With(Name, pixels);
    }
}
