using LatentDiffusion.Data;
using LatentDiffusion.Models;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>The loss of a run over all its buckets, through adapters or not.</summary>
internal sealed class RunObjective : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    private RunObjective(RunContext context)
    {
        (FineTuneSettings settings, ModelComponents model) = (context.Settings, context.Model.Components);
        DenoiserTrainingOptions options = settings.Objective with { PredictionType = context.Model.Process.PredictionType };
        var parts = new List<(ITrainingObjective, long)>();
        BucketedImages sorted = context.Images.Sorted;
        foreach (int bucket in context.Images.Buckets)
        {
            SubsetImages images = sorted.InBucket(bucket);
            BucketData data = Owned(BucketData.Open(context, sorted.Buckets.Sizes[bucket], images));
            var part = Owned(new DenoiserObjective(model, data.Latents, options, data.Texts)
            {
                RowName = row => images.Read(row / context.Images.Variants).Name,
            });
            parts.Add((part, part.BatchesPerEpoch));
            BatchesPerEpoch += part.BatchesPerEpoch;
        }

        ITrainingObjective whole = parts.Count == 1 ? parts[0].Item1 : new InterleavedObjective(parts);
        if (settings.Method == FineTuneMethod.Lora)
        {
            LoraTrainingOptions adapters = (settings.Lora ?? new LoraTrainingOptions()) with { Seed = settings.Seed };
            Adapters = Owned(new LoraTraining(whole.Modules, adapters, model.Family));
            whole = Adapters.Objective(whole);
        }

        Objective = whole;
    }

    /// <summary>The loss.</summary>
    public ITrainingObjective Objective { get; }

    /// <summary>Trained adapters; null where whole networks are trained.</summary>
    public LoraTraining? Adapters { get; }

    /// <summary>Batches in which each row of the caches is seen once.</summary>
    public long BatchesPerEpoch { get; }

    /// <summary>Opens the caches, which are computed where they are missing, and adds adapters.</summary>
    public static RunObjective Create(RunContext context) => new(context);

    /// <summary>Number of trained values.</summary>
    public long Trained =>
        Objective.Modules.Values.SelectMany(module => module.parameters()).Where(p => p.requires_grad).Sum(p => p.numel());

    /// <summary>Takes the adapters off and closes the caches.</summary>
    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--) _owned[i].Dispose();
    }

    private T Owned<T>(T part) where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }
}
