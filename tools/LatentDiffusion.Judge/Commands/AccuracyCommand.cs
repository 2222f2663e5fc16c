using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary><c>accuracy</c></summary>
internal static class AccuracyCommand
{
    public static Command Make()
    {
        var count = CommonOptions.AtLeast(2, new Option<int>("--count") { Description = "Drawings of each kind.", DefaultValueFactory = _ => 2000 });
        var command = new Command("accuracy", "Tells how often the judge itself is right, on drawings that it never saw, and what it takes for what.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Threads, count,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            using Classifier judge = Classifier.Open(CommonOptions.JudgeFolder(parsed));
            using DiffusionPipeline pipeline = CommonOptions.SampledModel(parsed).Builder().Build();
            var table = new AdherenceTable();
            var confusions = new Confusions();
            Accuracy.AddTo(table, judge, pipeline.Model!.Autoencoder, parsed.GetValue(count), confusions, token);
            Console.Out.Write($"{table}\n{confusions}");
            return 0;
        }));
        return command;
    }
}
