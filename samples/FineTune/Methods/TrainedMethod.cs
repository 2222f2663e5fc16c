using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>What a method trains, how its loss is made of that of the denoiser, and what it writes.</summary>
/// <param name="context">The run.</param>
internal abstract class TrainedMethod(RunContext context) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    protected RunContext Context => context;

    /// <summary>The method that the settings choose.</summary>
    public static TrainedMethod Create(RunContext context) => context.Settings.Method switch
    {
        FineTuneMethod.Full => new FullMethod(context),
        FineTuneMethod.TextualInversion => new TextualInversionMethod(context),
        FineTuneMethod.ControlNet => new ControlNetMethod(context),
        _ => new LoraMethod(context),
    };

    /// <summary>Whether texts are computed once, because neither they nor what encodes them changes.</summary>
    public virtual bool CachesTexts => !context.Settings.Objective.TrainTextEncoder && context.Settings.Data.Tags is null;

    /// <summary>Texts by the row of a cache of latents; null for those of the text encoders that the objective trains.</summary>
    /// <param name="data">The cached data.</param>
    /// <param name="captions">The caption of each row.</param>
    public virtual ITextConditioning? Texts(BucketData data, IReadOnlyList<string> captions)
    {
        if (context.Settings.Data.Tags is not { } tags) return data.Texts;
        bool train = context.Settings.Objective.TrainTextEncoder;
        return Owned(ClipTextConditioning.FromCaptions(
            context.Model.Components, captions, train, tags with { Seed = context.Settings.Seed }));
    }

    /// <summary>The loss of images of one size.</summary>
    /// <param name="latents">Their latents.</param>
    /// <param name="images">The images.</param>
    /// <param name="options">Batch size, prediction, weighting and noise.</param>
    /// <param name="texts">Their texts; null for those of the trained text encoders.</param>
    public virtual (ITrainingObjective Objective, long BatchesPerEpoch) Part(
        LatentCache latents, ICaptionedImageSource images, DenoiserTrainingOptions options, ITextConditioning? texts)
    {
        var part = Owned(new DenoiserObjective(Context.Model.Components, latents, options, texts)
        {
            RowName = row => images.Read(row / latents.Variants).Name,
        });
        return (part, part.BatchesPerEpoch);
    }

    /// <summary>The loss of all images, trained through what the method trains.</summary>
    public virtual ITrainingObjective Whole(ITrainingObjective objective) => objective;

    /// <summary>A pipeline that generates with the networks as they are, and with what is trained.</summary>
    public virtual DiffusionPipeline Pipeline() => Context.Model.Pipeline;

    /// <summary>Writes the result.</summary>
    /// <param name="folder">Folder of the result, which exists.</param>
    /// <param name="type">Type of its values.</param>
    /// <returns>Path of the result.</returns>
    public abstract string Write(string folder, ScalarType type);

    /// <summary>The control image of a row of the image grid; null where images are controlled by texts only.</summary>
    public virtual ImageBuffer? ControlImage(int row) => null;

    public virtual void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--) _owned[i].Dispose();
    }

    /// <summary>Disposes a part with the method.</summary>
    protected T Owned<T>(T part) where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }
}
