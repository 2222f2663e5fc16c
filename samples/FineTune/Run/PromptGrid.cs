using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Evaluation;

namespace FineTune;

/// <summary>
/// Images of the prompts by the model as it is: a row for each prompt, a column for each seed, after the control image where there is one.
/// </summary>
internal sealed class PromptGrid(RunContext context, TrainedMethod method)
{
    private readonly ValidationSettings _settings = context.Settings.Validation;

    private readonly IReadOnlyList<string> _prompts =
        context.Settings.Validation.Prompts is { Count: > 0 } given ? given : context.Images.FirstPrompts();

    /// <summary>Draws the grid and adds it to the run.</summary>
    /// <param name="step">Steps done.</param>
    public void Draw(long step)
    {
        if (_settings.ImagesPerPrompt == 0) return;
        DiffusionPipeline pipeline = method.Pipeline();
        ImageBuffer sheet = SampleSheet.Draw(
            [.. _prompts.Index().Select(prompt => Row(pipeline, prompt.Item, method.ControlImage(prompt.Index)))],
            string.Create(CultureInfo.InvariantCulture, $"after {step} steps"));
        context.Run.AddImageGrid(context.Stage, step, sheet);
    }

    private SheetRow Row(DiffusionPipeline pipeline, string prompt, ImageBuffer? control)
    {
        int size = context.Settings.Data.Size!.Value;
        var request = new GenerationRequest
        {
            Prompt = prompt, Seed = 0, ImageCount = _settings.ImagesPerPrompt, Width = size, Height = size, Steps = _settings.Steps,
            GuidanceScale = _settings.GuidanceScale, ControlImages = control is null ? null : [control],
        };
        GenerationResult result = pipeline.Generate(request, cancellationToken: context.Cancellation);
        IEnumerable<ImageBuffer> images = result.Images.Select(image => image.Image);
        return new SheetRow(prompt, control is null ? [.. images] : [control, .. images]);
    }
}
