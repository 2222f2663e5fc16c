using LatentDiffusion.Data;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>The loss of a run over all its images, by what its method trains.</summary>
internal sealed class RunObjective : IDisposable
{
    private readonly List<BucketData> _data = [];

    private RunObjective(RunContext context, TrainedMethod method)
    {
        FineTuneSettings settings = context.Settings;
        BucketedImages sorted = context.Images.Sorted;
        var parts = new List<(ITrainingObjective, long)>();
        foreach (int bucket in context.Images.Buckets)
        {
            ImageSize size = sorted.Buckets.Sizes[bucket];
            string name = FormattableString.Invariant($"{size.Width}x{size.Height}");
            parts.Add(Part(name, context.Images.InBucket(bucket), context.Images.Variants));
        }

        ITrainingObjective whole = parts.Count == 1 ? parts[0].Item1 : new InterleavedObjective(parts);
        if (settings.Prior is { } prior)
        {
            (ITrainingObjective classes, _) = Part("prior", context.Images.Limit(PriorImages.Open(context, prior)), variants: 1);
            whole = new PriorPreservationObjective(whole, classes, prior.Weight);
        }

        Objective = method.Whole(whole);

        (ITrainingObjective, long) Part(string name, ICaptionedImageSource images, int variants)
        {
            string[] captions = [.. RunImages.Captions(images, variants)];
            BucketData data = BucketData.Open(context, name, images, variants, captions, method.CachesTexts);
            _data.Add(data);
            return method.Part(data.Latents, images, context.Options, method.Texts(data, captions));
        }
    }

    /// <summary>The loss.</summary>
    public ITrainingObjective Objective { get; }

    /// <summary>Opens the caches, which are computed where they are missing.</summary>
    public static RunObjective Create(RunContext context, TrainedMethod method) => new(context, method);

    /// <summary>Number of trained values.</summary>
    public long Trained =>
        Objective.Modules.Values.SelectMany(module => module.parameters()).Where(p => p.requires_grad).Sum(p => p.numel());

    /// <summary>Closes the caches.</summary>
    public void Dispose()
    {
        foreach (BucketData data in _data) data.Dispose();
    }
}
