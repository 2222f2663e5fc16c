using System.CommandLine;
using LatentDiffusion;
using LatentDiffusion.Judge;
using Spectre.Console;

var folder = new Option<DirectoryInfo>("--judge")
{
    Description = "Folder of the judge's weights; it is trained there at first.",
    DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "judge")),
};
var model = new Option<DirectoryInfo?>("--model") { Description = "Model folder to judge; the shipped model where not given." };
var seeds = new Option<int>("--seeds") { Description = "Pictures of each held-out combination.", DefaultValueFactory = _ => 4 };
var promptSeeds = new Option<int>("--prompt-seeds") { Description = "Pictures of each of the six prompts.", DefaultValueFactory = _ => 16 };
var columns = new Option<int>("--columns") { Description = "Pictures of each prompt.", DefaultValueFactory = _ => 4 };
var every = new Option<int>("--every") { Description = "Judge every n-th held-out combination only, for a quick look.", DefaultValueFactory = _ => 1 };
var count = new Option<int>("--count") { Description = "Number of unseen drawings.", DefaultValueFactory = _ => 2000 };

var accuracy = new Command("accuracy", "Tells how often the judge itself is right, on drawings that it never saw.") { folder, count };
accuracy.SetAction((parsed, token) => Judged(parsed, token, judge => Accuracy.Print(judge, parsed.GetValue(count), Console.Out, token)));

var adherence = new Command("adherence", "Tells how often the model draws what it is asked: held-out combinations and the six prompts, default settings.")
{
    folder, model, seeds, promptSeeds, every,
};
adherence.SetAction((parsed, token) => Judged(parsed, token, judge =>
{
    using DiffusionPipeline pipeline = Pipeline(parsed);
    Adherence.Print(judge, pipeline, parsed.GetValue(seeds), parsed.GetValue(promptSeeds), parsed.GetValue(every), Console.Out, token);
}));

var sheetFile = new Option<FileInfo>("--out") { Description = "PNG file to write.", DefaultValueFactory = _ => new FileInfo("prompts.png") };
var sheet = new Command("sheet", "Draws the six prompts, a row each and a column for each of the seeds from 0, with default settings.") { model, columns, sheetFile };
sheet.SetAction((parsed, token) => Task.Run(
    () =>
    {
        using DiffusionPipeline pipeline = Pipeline(parsed);
        File.WriteAllBytes(parsed.GetValue(sheetFile)!.FullName, PromptSheet.Draw(pipeline, parsed.GetValue(columns), token));
        return 0;
    },
    CancellationToken.None));

return await new RootCommand("Judges drawings: a classifier of subject, colour and attribute that was trained on drawings alone.") { accuracy, adherence, sheet }
    .Parse(args).InvokeAsync();

DiffusionPipeline Pipeline(ParseResult parsed)
{
    var builder = new DiffusionPipelineBuilder();
    return (parsed.GetValue(model) is { } path ? builder.UseModelFolder(path.FullName) : builder.UseDrawingsModel()).Build();
}

Task<int> Judged(ParseResult parsed, CancellationToken token, Action<Classifier> action) => Task.Run(
    () => AnsiConsole.Progress().Start(context =>
    {
        ProgressTask bar = context.AddTask("the judge", autoStart: false);
        using Classifier judge = Classifier.Open(parsed.GetValue(folder)!.FullName, new Report(p =>
        {
            if (!bar.IsStarted) bar.StartTask();
            (bar.MaxValue, bar.Value, bar.Description) = (p.Steps, p.Step, $"training the judge, loss {p.SmoothedLoss:F3}");
        }), token);
        bar.StopTask();
        action(judge);
        return 0;
    }),
    CancellationToken.None);

internal sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
{
    void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
}
