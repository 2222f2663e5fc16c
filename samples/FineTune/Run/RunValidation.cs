using LatentDiffusion.Evaluation;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>What happens every few steps: the validation loss, the curves, and an image grid.</summary>
internal sealed class RunValidation : IDisposable
{
    private readonly RunContext _context;
    private readonly StageTrend _trend;
    private readonly PromptGrid _grid;
    private readonly BucketData? _data;
    private readonly IDisposable? _ownTexts;
    private readonly Func<LossEstimate>? _loss;

    public RunValidation(RunContext context, TrainedMethod method, StageTrend trend)
    {
        (_context, _trend, _grid) = (context, trend, new PromptGrid(context, method));
        if (context.Images.Validation is not { } images) return;
        string[] captions = [.. RunImages.Captions(images, 1)];
        _data = BucketData.Open(context, "validation", images, 1, captions, method.CachesTexts);
        ITextConditioning? texts = method.Texts(_data, captions);
        ValidationOptions options = context.Settings.Validation.Loss with { GuidanceScale = context.Settings.Objective.GuidanceScale };
        if (context.Settings.Method == FineTuneMethod.ControlNet)
        {
            // The denoiser's loss does not include the ControlNet; that of the training does.
            DenoiserTrainingOptions single = context.Options with { BatchSize = 1, CaptionDropout = 0 };
            (ITrainingObjective objective, _) = method.Part(_data.Latents, images, single, texts);
            _loss = new ObjectiveLoss(objective, Math.Min(images.Count!.Value, options.ImageCount), options.Seed).Measure;
            return;
        }

        if (texts is null)
        {
            // A trained text encoder is measured as it is at the time.
            texts = context.Model.Parts.Texts!(_data.Latents, false);
            _ownTexts = texts as IDisposable;
        }

        _loss = new ValidationLoss(
            context.Model.Parts.Denoiser, texts, _data.Latents, LatentScaling.None, context.Model.Process, options).Measure;
    }

    /// <summary>The callback of the trainer.</summary>
    public TrainingCallback Callback => new(_context.Settings.Validation.Every, Run);

    /// <summary>Draws the grid of the model before training, unless the run has begun.</summary>
    public void DrawFirst()
    {
        if (Directory.Exists(_context.Run.Samples)) return;
        _grid.Draw(0);
    }

    public void Dispose()
    {
        _ownTexts?.Dispose();
        _data?.Dispose();
    }

    private void Run(long step)
    {
        if (_loss is not null) _trend.Record(step, _loss());
        _context.Run.DrawLoss(_context.Stage);
        try
        {
            _grid.Draw(step);
        }
        catch (OperationCanceledException)
        {
            // The trainer saves the step and stops.
        }
    }
}
