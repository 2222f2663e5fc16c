using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>adherence</c>.</summary>
internal static class AdherenceCommand
{
    public static Command Make()
    {
        var seeds = CommonOptions.AtLeast(1, new Option<int>("--seeds")
        {
            Description = "Images of each held-out combination.", DefaultValueFactory = _ => 4,
        });
        var promptSeeds = CommonOptions.AtLeast(1, new Option<int>("--prompt-seeds")
        {
            Description = "Images of each of the six prompts.", DefaultValueFactory = _ => 16,
        });
        var limit = new Option<int?>("--limit")
        {
            Description = "Number of held-out combinations, spread over the catalogue, for a quick look. Default: all.",
        };
        var count = CommonOptions.AtLeast(2, new Option<int>("--count")
        {
            Description = "Drawings of each kind that the judge's own error is measured on.", DefaultValueFactory = _ => 1000,
        });
        var images = new Option<DirectoryInfo>("--images")
        {
            Description = "Folder of the generated images; existing ones are not generated again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "adherence")),
        };
        var command = new Command(
            "adherence",
            "Measures how often the model draws what the prompt says, for held-out combinations and the six prompts at default settings, "
            + "and its most frequent mistakes.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Adapters, CommonOptions.FewSteps, CommonOptions.Threads,
            CommonOptions.Workers, seeds, promptSeeds, limit, count, images,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            using Classifier judge = Classifier.Open(CommonOptions.JudgeFolder(parsed));
            using DiffusionPipeline pipeline = model.Builder().Build();
            var folder = new GeneratedImages(parsed.GetValue(images)!.FullName, model.Describe(pipeline));
            var adherence = new Adherence(judge, folder, (name, requests) => Bar.Show(
                name,
                requests.Count,
                progress => folder.Make(pipeline, requests, parsed.GetValue(CommonOptions.Workers), progress, token)));
            var table = new AdherenceTable();
            var confusions = new Confusions();
            adherence.AddHeldOut(table, confusions, parsed.GetValue(limit), parsed.GetValue(seeds), token);
            adherence.AddPrompts(table, parsed.GetValue(promptSeeds), token);
            Accuracy.AddTo(table, judge, pipeline.Model!.Autoencoder, parsed.GetValue(count), model.ImageSize, confusions: null, token);
            Console.Out.Write($"{table}\n{confusions}");
            return 0;
        }));
        return command;
    }
}
