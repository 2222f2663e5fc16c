using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>sheet</c>.</summary>
internal static class SheetCommand
{
    public static Command Make()
    {
        var columns = CommonOptions.AtLeast(1, new Option<int>("--columns")
        {
            Description = "Images of each prompt.", DefaultValueFactory = _ => 4,
        });
        var file = new Option<FileInfo>("--out")
        {
            Description = "PNG file to write.", DefaultValueFactory = _ => new FileInfo("prompts.png"),
        };
        var command = new Command(
            "sheet", "Draws the six prompts, one row per prompt and one column per seed from 0, with default settings.")
        {
            CommonOptions.Model, CommonOptions.Adapters, CommonOptions.FewSteps, CommonOptions.Threads, columns, file,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            using DiffusionPipeline pipeline = CommonOptions.SampledModel(parsed).Builder().Build();
            byte[] png = PromptSheet.Draw(pipeline, parsed.GetValue(columns), token);
            AtomicFile.Write(parsed.GetValue(file)!.FullName, stream => stream.Write(png));
            return 0;
        }));
        return command;
    }
}
