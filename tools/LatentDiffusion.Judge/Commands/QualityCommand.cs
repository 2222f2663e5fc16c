using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>quality</c>.</summary>
internal static class QualityCommand
{
    public const string Page = "quality-and-speed.md";

    public static Command Make()
    {
        var images = CommonOptions.AtLeast(2, new Option<int>("--images")
        {
            Description = "Images of each cell.", DefaultValueFactory = _ => 500,
        });
        var work = new Option<DirectoryInfo>("--work")
        {
            Description = "Folder of images and results; existing ones are not measured again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "quality")),
        };
        var output = new Option<DirectoryInfo?>("--out")
        {
            Description = $"Folder of {Page}, whose tables and plots are replaced. Default: the tables are only printed.",
        };
        var only = new Option<string[]>("--only")
        {
            Description = "Tables to measure. Default: all. Results of the others that exist are written too.",
            AllowMultipleArgumentsPerToken = true,
        };
        var evaluations = new Option<int?>("--at-most") { Description = "Skips cells with more steps." };
        var time = new Option<bool>("--time")
        {
            Description = "Also measures the seconds per image of each row, in turns and one at a time: the machine should be idle.",
        };
        only.AcceptOnlyFromAmong(QualityCells.Plain, QualityCells.Solvers, QualityCells.Guidance, QualityCells.Speed, QualityCells.Few);
        var command = new Command(
            "quality",
            "Measures the effect of solvers, guidance, number formats and distillation against plain DDPM with 1000 steps, on the same "
            + "weights.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Threads, CommonOptions.Workers, images, work, output, only,
            evaluations, time,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            string[] tables = parsed.GetValue(only) ?? [];
            int most = parsed.GetValue(evaluations) ?? int.MaxValue;
            string folder = parsed.GetValue(work)!.FullName;
            using var bench = new QualityBench(
                CommonOptions.JudgeFolder(parsed), folder, parsed.GetValue(images), model.ImageSize, parsed.GetValue(CommonOptions.Workers),
                token);
            // The shipped adapters were distilled from the shipped weights and do not fit others.
            QualityCell[] cells = [.. QualityCells.ForModel(model.Scheduler()).Where(c => c.Settings.Adapters == 0 || model.IsShipped)];
            var report = new QualityReport(bench, cells, parsed.GetValue(output)?.FullName);
            ImageTimes times = ImageTimes.Read(folder);
            // Existing results first, so that a stopped run does not remove any from the page.
            foreach (QualityCell cell in cells)
                if (bench.Known(model, cell) is { } known) Set(cell, known);
            foreach (QualityCell cell in cells.Where(c => (tables.Length == 0 || tables.Contains(c.Table)) && c.Settings.Steps <= most))
            {
                Set(cell, bench.Measure(model, cell));
                report.Write();
            }

            if (parsed.GetValue(time))
            {
                QualityCell[] timed = [.. cells.Where(c => c.Table != QualityCells.Solvers && bench.Known(model, c) is not null)];
                SamplingSettings[] ways = [.. timed.Select(c => c.Settings).Distinct()];
                Bar.Show("seconds", ImageTimes.CountFor(ways.Length), progress =>
                    times = ImageTimes.Measure(folder, model, ways, bench.Requests[0].Prompt, progress, token));
                foreach (QualityCell cell in timed) Set(cell, bench.Known(model, cell)!);
            }

            report.Write();
            report.Print(Console.Out);
            return 0;

            void Set(QualityCell cell, CellResult result) =>
                report.Set(cell, result with { Seconds = times.SecondsFor(model, cell.Settings) });
        }));
        return command;
    }
}
