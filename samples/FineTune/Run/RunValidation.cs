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
    private readonly ITextConditioning? _ownTexts;
    private readonly ValidationLoss? _loss;

    public RunValidation(RunContext context, StageTrend trend)
    {
        (_context, _trend, _grid) = (context, trend, new PromptGrid(context));
        if (context.Images.Validation is not { } images) return;
        _data = BucketData.OpenValidation(context, images);
        // A trained text encoder is measured as it is at the time.
        ITextConditioning texts = _data.Texts ?? (_ownTexts = context.Model.Parts.Texts!(_data.Latents, false));
        ValidationOptions options = context.Settings.Validation.Loss with { GuidanceScale = context.Settings.Objective.GuidanceScale };
        _loss = new ValidationLoss(
            context.Model.Parts.Denoiser, texts, _data.Latents, LatentScaling.None, context.Model.Process, options);
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
        (_ownTexts as IDisposable)?.Dispose();
        _data?.Dispose();
    }

    private void Run(long step)
    {
        if (_loss is not null) _trend.Record(step, _loss.Measure());
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
