using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>
/// Measures whether training moves images in the direction of its method: the same prompts and seeds before the first step and after the
/// last one.
/// </summary>
internal sealed class ImageEffect
{
    private const int MostTrainingImages = 1000;

    private readonly RunContext _context;
    private readonly TrainedMethod _method;
    private readonly int _count;
    private readonly ImageBuffer[] _before, _classBefore;

    private ImageEffect(RunContext context, TrainedMethod method, int count)
    {
        (_context, _method, _count) = (context, method, count);
        (_before, _classBefore) = (Draw(Caption), context.Settings.Prior is { } prior ? Draw(_ => prior.Prompt) : []);
    }

    /// <summary>Draws the images before training; null if the settings ask for no measure.</summary>
    public static ImageEffect? Begin(RunContext context, TrainedMethod method) =>
        context.Settings.Validation.EffectImages is > 0 and var count ? new ImageEffect(context, method, count) : null;

    /// <summary>Draws them again, and describes the difference in sentences.</summary>
    public string Describe()
    {
        ImageBuffer[] after = Draw(Caption);
        if (_context.Settings.Method == FineTuneMethod.ControlNet)
        {
            (double start, double end) = (Agreement(_before), Agreement(after));
            return string.Create(
                CultureInfo.InvariantCulture,
                $"F-score of the edges of {_count} images and their control images: {start:F3} before training and {end:F3} after.");
        }

        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"Kernel distance of {_count} generated images to the training images (pixels at 32 x 32): "
            + $"{Distance(_before):F4} before training and {Distance(after):F4} after.");
        if (_context.Settings.Prior is not { } prior) return text;
        double change = Difference(_classBefore, Draw(_ => prior.Prompt)), own = Difference(_before, after);
        return text + string.Create(
            CultureInfo.InvariantCulture,
            $" Mean change of pixel values in [0, 255]: {own:F1} with the captions and {change:F1} with the class prompt.");
    }

    private string Caption(int index) => _context.Images.Sorted.ReadCaption(index % _context.Images.Count);

    private ImageBuffer[] Draw(Func<int, string> prompt)
    {
        DiffusionPipeline pipeline = _method.Pipeline();
        int size = _context.Settings.Data.Size!.Value;
        ValidationSettings sampling = _context.Settings.Validation;
        return _context.Console.ShowCount("images for the measure", _count, progress =>
        {
            var images = new ImageBuffer[_count];
            for (int i = 0; i < _count; i++)
            {
                var request = new GenerationRequest
                {
                    Prompt = prompt(i), Seed = (ulong)i, Width = size, Height = size, Steps = sampling.Steps,
                    GuidanceScale = sampling.GuidanceScale, ControlImages = _method.ControlImage(i) is { } control ? [control] : null,
                };
                images[i] = pipeline.Generate(request, cancellationToken: _context.Cancellation).Images[0].Image;
                progress?.Report(i + 1);
            }

            return images;
        });
    }

    private double Distance(ImageBuffer[] images)
    {
        int size = _context.Settings.Data.Size!.Value;
        var training = new PreparedImages(_context.Images.Sorted, new PreparedImagesOptions { Width = size, Height = size });
        int count = (int)Math.Min(training.Count!.Value, MostTrainingImages);
        var features = new PixelFeatures();
        using DisposeScope scope = NewDisposeScope();
        Tensor real = cat([.. Enumerable.Range(0, count).Select(i => features.Extract([training.Read(i).Image]))]);
        return KernelDistance.Between(features.Extract(images), real).Mean;
    }

    private double Agreement(ImageBuffer[] images)
    {
        EdgeSettings edges = _context.Settings.Edges ?? new EdgeSettings();
        return images.Select((image, i) =>
            EdgeAgreement.Compute(CannyEdges.Detect(image, edges.Low, edges.High), _method.ControlImage(i)!)).Average();
    }

    private static double Difference(ImageBuffer[] first, ImageBuffer[] second) => first
        .Zip(second, (one, other) => one.Rgb.ToArray().Zip(other.Rgb.ToArray(), (a, b) => Math.Abs(a - b)).Average()).Average();
}
