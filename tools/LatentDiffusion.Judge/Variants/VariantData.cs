using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>What all variants are trained on: the same latents of the same drawings, by the model's own autoencoder.</summary>
internal sealed class VariantData : IDisposable
{
    private const ulong DrawingSeed = 1;

    private VariantData(DiffusionModel model, LatentCache latents, string name)
    {
        (Model, Latents, Name) = (model, latents, name);
        (double mean, double deviation) = latents.Statistics();
        Scaling = new LatentScaling(mean, 1 / deviation);
    }

    /// <summary>The model whose networks' shapes, autoencoder and vocabulary the variants have.</summary>
    public DiffusionModel Model { get; }

    /// <summary>Says which they are.</summary>
    public string Name { get; }

    /// <summary>Latents and captions.</summary>
    public LatentCache Latents { get; }

    /// <summary>What brings them to zero mean and unit variance.</summary>
    public LatentScaling Scaling { get; }

    /// <summary>The parts of the model.</summary>
    public ModelComponents Parts => Model.Components!;

    /// <summary>Encodes the drawings, or reads what is encoded.</summary>
    /// <param name="from">The model.</param>
    /// <param name="work">Where latents are kept.</param>
    /// <param name="drawings">How many drawings.</param>
    /// <param name="cancellationToken">Stops it; what is encoded stays.</param>
    /// <exception cref="InvalidDataException">The model's autoencoder is of another kind.</exception>
    public static VariantData Open(SampledModel from, string work, long drawings, CancellationToken cancellationToken)
    {
        DiffusionModel model = DiffusionModel.Open(from.Folder, TorchSharp.torch.CPU);
        try
        {
            if (model.Components?.Autoencoder is not AutoencoderKL autoencoder || model.Components.Tokenizer is not { } tokenizer)
                throw new InvalidDataException($"'{from.Folder}' has no {nameof(AutoencoderKL)} with a CLIP tokenizer, which the variants are trained with.");
            LatentCache? latents = null;
            string name = $"model {from.Print}, drawings {DrawingSeed}";
            Bar.Show("latents", (int)drawings, progress => latents = LatentCache.Open(
                Path.Combine(Directory.CreateDirectory(work).FullName, "latents.safetensors"), name, autoencoder,
                tokenizer.Build(), new DrawingImages(new DrawingSource(DrawingSeed)), drawings, new Report<long>(done => progress.Report((int)done)), cancellationToken));
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
