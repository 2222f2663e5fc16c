using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>Training data of all variants: the same latents of the same drawings, by the model's autoencoder.</summary>
internal sealed class VariantData : IDisposable
{
    private const ulong DrawingSeed = 1;

    private VariantData(DiffusionModel model, LatentCache latents, string name)
    {
        (Model, Latents, Name) = (model, latents, name);
        (double mean, double deviation) = latents.Statistics();
        Scaling = new LatentScaling(mean, 1 / deviation);
    }

    /// <summary>The model. The variants have its network shapes, autoencoder and vocabulary.</summary>
    public DiffusionModel Model { get; }

    /// <summary>Identifies the data.</summary>
    public string Name { get; }

    /// <summary>Latents and captions.</summary>
    public LatentCache Latents { get; }

    /// <summary>Scales the latents to zero mean and unit variance.</summary>
    public LatentScaling Scaling { get; }

    /// <summary>The components of the model.</summary>
    public ModelComponents Parts => Model.Components!;

    /// <summary>Encodes the drawings, or opens existing latents.</summary>
    /// <param name="from">The model.</param>
    /// <param name="work">Folder of the latents.</param>
    /// <param name="drawings">Number of drawings.</param>
    /// <param name="cancellationToken">Stops the encoding; encoded latents are kept.</param>
    /// <exception cref="InvalidDataException">The model's autoencoder is of another kind, or the tokenizer is missing.</exception>
    public static VariantData Open(SampledModel from, string work, long drawings, CancellationToken cancellationToken)
    {
        DiffusionModel model = DiffusionModel.Open(from.Folder, TorchSharp.torch.CPU);
        try
        {
            if (model.Components?.Autoencoder is not AutoencoderKL autoencoder || model.Components.Tokenizer is not { } tokenizer)
            {
                throw new InvalidDataException(
                    $"'{from.Folder}' has no {nameof(AutoencoderKL)} with a CLIP tokenizer, which the variants are trained with.");
            }

            LatentCache? latents = null;
            string path = Path.Combine(Directory.CreateDirectory(work).FullName, "latents.safetensors");
            string name = $"model {from.Print}, drawings {DrawingSeed}, {from.ImageSize} pixels";
            var images = new DrawingImages(new DrawingSource(DrawingSeed, size: from.ImageSize));
            Bar.Show("latents", (int)drawings, progress =>
            {
                var report = new SynchronousProgress<long>(done => progress.Report((int)done));
                latents = LatentCache.Open(path, name, autoencoder, tokenizer.Build(), images, drawings, report, cancellationToken);
            });
            return new VariantData(model, latents!, $"{name}, the first {drawings}");
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Latents.Dispose();
        Model.Dispose();
    }
}
