using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>variants</c>.</summary>
internal static class VariantsCommand
{
    private const string Table = "training";

    // Enough steps that the remaining error is that of the training and not of the solver.
    private static readonly SamplingSettings s_sampling = new() { Scheduler = KnownSchedulers.Ddim, Steps = 50 };

    public static Command Make()
    {
        var steps = CommonOptions.AtLeast(1, new Option<long>("--steps")
        {
            Description = "Training steps of each variant, of 16 drawings each.", DefaultValueFactory = _ => 3000,
        });
        var drawings = CommonOptions.AtLeast(2, new Option<long>("--drawings")
        {
            Description = "Drawings that all variants are trained on.", DefaultValueFactory = _ => 12000,
        });
        var images = CommonOptions.AtLeast(2, new Option<int>("--images")
        {
            Description = "Images that each variant is measured by.", DefaultValueFactory = _ => 500,
        });
        var work = new Option<DirectoryInfo>("--work")
        {
            Description = "Folder of the runs and results; existing ones are kept.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "variants")),
        };
        var output = new Option<DirectoryInfo?>("--out")
        {
            Description = $"Folder of {QualityCommand.Page}, whose table is replaced. Default: the table is only printed.",
        };
        var command = new Command(
            "variants", "Trains small variants of the model with the same budget and measures the effect of each improvement of training.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Threads, CommonOptions.Workers, CommonOptions.BFloat16, steps,
            drawings, images, work, output,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            string folder = Path.Combine(parsed.GetValue(work)!.FullName, $"{parsed.GetValue(steps)}-steps");
            SampledModel from = CommonOptions.SampledModel(parsed);
            using var bench = new QualityBench(
                CommonOptions.JudgeFolder(parsed), folder, parsed.GetValue(images), from.ImageSize, parsed.GetValue(CommonOptions.Workers),
                token);
            using VariantData data = VariantData.Open(from, folder, parsed.GetValue(drawings), token);
            var training = new VariantTraining(data, parsed.GetValue(steps), CommonOptions.Precision(parsed));
            var cells = Variant.All.ToDictionary(v => v, CellsOf);
            var report = new QualityReport(bench, [.. Variant.All.SelectMany(v => cells[v])], parsed.GetValue(output)?.FullName);
            // Existing results first, so that a stopped run does not remove any from the page.
            foreach (Variant variant in Variant.All.Where(v => training.IsDone(v, Own(v)))) Measure(variant, bench.Known);
            foreach (Variant variant in Variant.All)
            {
                string own = Own(variant);
                Bar.Train(variant.Name, parsed.GetValue(steps), progress =>
                {
                    training.Run(variant, own, progress, token);
                    return true;
                });
                Measure(variant, bench.Measure);
                report.Write();
            }

            report.Print(Console.Out);
            return 0;

            string Own(Variant variant) => Path.Combine(folder, variant.Folder);

            void Measure(Variant variant, Func<SampledModel, QualityCell, CellResult?> measure)
            {
                string[] models = [VariantTraining.Averaged(Own(variant)), VariantTraining.Last(Own(variant))];
                foreach ((QualityCell cell, string model) in cells[variant].Zip(models))
                    if (measure(new SampledModel(model), cell) is { } result) report.Set(cell, result);
            }
        }));
        return command;
    }

    /// <summary>One row for the averaged weights, and for some variants one for the last weights.</summary>
    private static QualityCell[] CellsOf(Variant variant)
    {
        var averaged = new QualityCell(Table, variant.Name, "", s_sampling);
        return variant.MeasuresLastWeights
            ? [averaged, averaged with { Row = $"{variant.Name}, last weights without averaging" }]
            : [averaged];
    }
}
