using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary><c>quality</c></summary>
internal static class QualityCommand
{
    public const string Page = "quality-and-speed.md";

    public static Command Make()
    {
        var pictures = new Option<int>("--pictures") { Description = "Pictures of each cell.", DefaultValueFactory = _ => 500 };
        var work = new Option<DirectoryInfo>("--work") { Description = "Folder of pictures and results; what is there is not measured again.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "quality")) };
        var output = new Option<DirectoryInfo?>("--out") { Description = $"Folder of {Page}, whose tables and plots are replaced; the tables are printed where not given." };
        var only = new Option<string[]>("--only")
        {
            Description = $"Tables to measure: {QualityCells.Plain}, {QualityCells.Solvers}, {QualityCells.Guidance}, {QualityCells.Speed}, {QualityCells.Few}. All where not given; the others are written as far as they were measured.",
            AllowMultipleArgumentsPerToken = true,
        };
        var evaluations = new Option<int?>("--at-most") { Description = "Measure no cell with more steps than that." };
        var command = new Command("quality", "Measures what solvers, guidance, number formats and distillation bring, against plain DDPM with 1000 steps, on the same weights.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Threads, CommonOptions.Workers, pictures, work, output, only, evaluations,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            string[] tables = parsed.GetValue(only) ?? [];
            using var bench = new QualityBench(
                CommonOptions.JudgeFolder(parsed), parsed.GetValue(work)!.FullName, parsed.GetValue(pictures), parsed.GetValue(CommonOptions.Workers), token);
            var report = new QualityReport(bench, parsed.GetValue(output)?.FullName);
            foreach (QualityCell cell in QualityCells.Of(model.Scheduler()))
            {
                bool measured = (tables.Length == 0 || tables.Contains(cell.Table)) && cell.Settings.Steps <= (parsed.GetValue(evaluations) ?? int.MaxValue);
                // Whatever was measured before is in the tables, too.
                if ((measured ? bench.Measure(model, cell) : bench.Known(model, cell)) is { } result) report.Add(cell.Table, result);
                if (measured) report.Write();
            }

            report.Write();
            report.Print(Console.Out);
            return 0;
        }));
        return command;
    }
}
