using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary><c>quality</c></summary>
internal static class QualityCommand
{
    public const string Page = "quality-and-speed.md";

    public static Command Make()
    {
        var pictures = CommonOptions.AtLeast(2, new Option<int>("--pictures") { Description = "Pictures of each cell.", DefaultValueFactory = _ => 500 });
        var work = new Option<DirectoryInfo>("--work") { Description = "Folder of pictures and results; what is there is not measured again.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "quality")) };
        var output = new Option<DirectoryInfo?>("--out") { Description = $"Folder of {Page}, whose tables and plots are replaced; the tables are printed where not given." };
        var only = new Option<string[]>("--only")
        {
            Description = "Tables to measure. All where not given; the others are written as far as they were measured.",
            AllowMultipleArgumentsPerToken = true,
        };
        var evaluations = new Option<int?>("--at-most") { Description = "Measure no cell with more steps than that." };
        var time = new Option<bool>("--time") { Description = "Then time a picture of each row of the tables, in turns and one at a time: the machine should have nothing else to do." };
        only.AcceptOnlyFromAmong(QualityCells.Plain, QualityCells.Solvers, QualityCells.Guidance, QualityCells.Speed, QualityCells.Few);
        var command = new Command("quality", "Measures what solvers, guidance, number formats and distillation bring, against plain DDPM with 1000 steps, on the same weights.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Threads, CommonOptions.Workers, pictures, work, output, only, evaluations, time,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            string[] tables = parsed.GetValue(only) ?? [];
            int most = parsed.GetValue(evaluations) ?? int.MaxValue;
            string folder = parsed.GetValue(work)!.FullName;
            using var bench = new QualityBench(
                CommonOptions.JudgeFolder(parsed), folder, parsed.GetValue(pictures), parsed.GetValue(CommonOptions.Workers), token);
            // The shipped adapters were distilled from the shipped weights and are no variant of others.
            QualityCell[] cells = [.. QualityCells.Of(model.Scheduler()).Where(c => c.Settings.Adapters == 0 || model.IsShipped)];
            var report = new QualityReport(bench, cells, parsed.GetValue(output)?.FullName);
            PictureTimes times = PictureTimes.Read(folder);
            // First of all what was measured before, so that a run that is stopped takes nothing off the page.
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
                Bar.Show("seconds", PictureTimes.Pictures(ways.Length), progress => times = PictureTimes.Measure(folder, model, ways, bench.Orders[0].Prompt, progress, token));
                foreach (QualityCell cell in timed) Set(cell, bench.Known(model, cell)!);
            }

            report.Write();
            report.Print(Console.Out);
            return 0;

            void Set(QualityCell cell, CellResult result) => report.Set(cell, result with { Seconds = times.Of(model, cell.Settings) });
        }));
        return command;
    }
}
