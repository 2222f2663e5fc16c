using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary><c>adherence</c></summary>
internal static class AdherenceCommand
{
    public static Command Make()
    {
        var seeds = CommonOptions.AtLeast(1, new Option<int>("--seeds") { Description = "Pictures of each held-out combination.", DefaultValueFactory = _ => 4 });
        var promptSeeds = CommonOptions.AtLeast(1, new Option<int>("--prompt-seeds") { Description = "Pictures of each of the six prompts.", DefaultValueFactory = _ => 16 });
        var limit = new Option<int?>("--limit") { Description = "Judge so many of the held-out combinations, from all over the catalogue, for a quick look." };
        var count = CommonOptions.AtLeast(2, new Option<int>("--count") { Description = "Drawings of each kind that the judge's own error is measured on.", DefaultValueFactory = _ => 1000 });
        var pictures = new Option<DirectoryInfo>("--pictures")
        {
            Description = "Folder of the generated pictures; those that are there are not made again.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "adherence")),
        };
        var command = new Command("adherence", "Tells how often the model draws what it is asked: held-out combinations and the six prompts, default settings; and what was taken for what.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Adapters, CommonOptions.FewSteps, CommonOptions.Threads, CommonOptions.Workers, seeds, promptSeeds, limit, count, pictures,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            SampledModel model = CommonOptions.SampledModel(parsed);
            using Classifier judge = Classifier.Open(CommonOptions.JudgeFolder(parsed));
            using DiffusionPipeline pipeline = model.Builder().Build();
            var folder = new PictureFolder(parsed.GetValue(pictures)!.FullName, model.Describe(pipeline));
            var adherence = new Adherence(judge, folder, (name, orders) => Bar.Show(
                name, orders.Count, progress => folder.Make(pipeline, orders, parsed.GetValue(CommonOptions.Workers), progress, token)));
            var table = new AdherenceTable();
            var confusions = new Confusions();
            adherence.AddHeldOut(table, confusions, parsed.GetValue(limit), parsed.GetValue(seeds), token);
            adherence.AddPrompts(table, parsed.GetValue(promptSeeds), token);
            Accuracy.AddTo(table, judge, pipeline.Model!.Autoencoder, parsed.GetValue(count), confusions: null, token);
            Console.Out.Write($"{table}\n{confusions}");
            return 0;
        }));
        return command;
    }
}
