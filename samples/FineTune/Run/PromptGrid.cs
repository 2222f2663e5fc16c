using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Evaluation;

namespace FineTune;

/// <summary>Images of the prompts by the model as it is: a row for each prompt, a column for each seed.</summary>
internal sealed class PromptGrid(RunContext context)
{
    private readonly ValidationSettings _settings = context.Settings.Validation;

    private readonly IReadOnlyList<string> _prompts =
        context.Settings.Validation.Prompts is { Count: > 0 } given ? given : context.Images.FirstPrompts();

    /// <summary>Draws the grid and adds it to the run.</summary>
    /// <param name="step">Steps done.</param>
    public void Draw(long step)
    {
        if (_settings.ImagesPerPrompt == 0) return;
        int size = context.Settings.Data.Size!.Value;
        ImageBuffer sheet = SampleSheet.Draw(
            [.. _prompts.Select(prompt => new SheetRow(prompt, Images(prompt, size)))],
            string.Create(CultureInfo.InvariantCulture, $"after {step} steps"));
        context.Run.AddImageGrid(context.Stage, step, sheet);
    }

    private ImageBuffer[] Images(string prompt, int size)
    {
        var request = new GenerationRequest
        {
            Prompt = prompt, Seed = 0, ImageCount = _settings.ImagesPerPrompt, Width = size, Height = size, Steps = _settings.Steps,
            GuidanceScale = _settings.GuidanceScale,
        };
        return [.. context.Model.Pipeline.Generate(request, cancellationToken: context.Cancellation).Images.Select(image => image.Image)];
    }
}
