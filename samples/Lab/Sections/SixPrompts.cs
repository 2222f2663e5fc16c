using System.Diagnostics;
using System.Globalization;
using System.Text;
using LatentDiffusion;
using LatentDiffusion.Models.Drawings;

namespace Lab;

/// <summary>The six prompts with the model that was just trained, and with the ready-made one.</summary>
internal static class SixPrompts
{
    /// <summary>Settings of the small model, which has no defaults of its own.</summary>
    public const string Scheduler = "dpm++";

    public const int Steps = 20;

    public const double Guidance = 3;

    private const int MostColumns = 4;

    public static Section Run(LabContext lab, DiffusionPipeline small, DiffusionPipeline ready)
    {
        lab.Log.Write("the six prompts");
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <p>None of the prompts is a caption of the training: their subjects, colours and attributes were trained in other combinations.
            Each column has one seed. The same seeds are used for both models.</p>
            <h3>The model of this report</h3>
            <p>{Scheduler}, {Steps} steps, guidance scale {Guidance}.</p>

            """);
        var method = new SamplingMethod("small", small) { Scheduler = Scheduler, Steps = Steps, Guidance = Guidance };
        html.Append(Grid(lab, method, "small"));

        var own = new SamplingMethod("ready", ready);
        html.Append("<h3>The ready-made model</h3>\n");
        html.Append(CultureInfo.InvariantCulture, $"""
            <p>{Html.Text(ready.ModelId ?? "The model")} with its own settings: {own.StepCount} steps, guidance scale
            {own.GuidanceScale}.</p>

            """);
        html.Append(Grid(lab, own, "ready"));
        return new Section("prompts", "The six prompts", html.ToString());
    }

    private static string Grid(LabContext lab, SamplingMethod method, string name)
    {
        var clock = Stopwatch.StartNew();
        method.Draw([DrawingCatalog.Prompts[0]], 0, lab.Cancellation);
        double fitting = lab.Time.For(TimeBudget.Prompts / 2) / clock.Elapsed / DrawingCatalog.Prompts.Count;
        int columns = (int)Math.Clamp(fitting, 1, MostColumns);
        var html = new StringBuilder("<div class=\"grids\">\n");
        foreach ((int index, string prompt) in DrawingCatalog.Prompts.Index())
        {
            ImageBuffer[] images = method.Draw([.. Enumerable.Repeat(prompt, columns)], lab.Settings.Seed, lab.Cancellation);
            html.Append(Html.Row(lab.Report, $"{name}-{index}", prompt, images));
            lab.Log.Update(() => $"the six prompts, {name} model: {index + 1} of {DrawingCatalog.Prompts.Count}");
        }

        return html.Append("</div>\n").ToString();
    }
}
