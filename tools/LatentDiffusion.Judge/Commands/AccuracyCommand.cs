using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>accuracy</c>.</summary>
internal static class AccuracyCommand
{
    public static Command Make()
    {
        var count = CommonOptions.AtLeast(2, new Option<int>("--count")
        {
            Description = "Drawings of each kind.", DefaultValueFactory = _ => 2000,
        });
        var command = new Command("accuracy", "Measures the accuracy of the judge on unseen drawings, and its most frequent mistakes.")
        {
            CommonOptions.Judge, CommonOptions.Model, CommonOptions.Threads, count,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            using Classifier judge = Classifier.Open(CommonOptions.JudgeFolder(parsed));
            SampledModel model = CommonOptions.SampledModel(parsed);
            using DiffusionPipeline pipeline = model.Builder().Build();
            var table = new AdherenceTable();
            var confusions = new Confusions();
            Accuracy.AddTo(table, judge, pipeline.Model!.Autoencoder, parsed.GetValue(count), model.ImageSize, confusions, token);
            Console.Out.Write($"{table}\n{confusions}");
            return 0;
        }));
        return command;
    }
}
