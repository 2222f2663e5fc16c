using CustomScheduler;
using LatentDiffusion.Samples;

try
{
    // Without arguments the scheduler samples known data; with a prompt it draws with the shipped model.
    switch (args)
    {
        case []:
            KnownData.Sample(steps: 8);
            return 0;
        case [var prompt] when !prompt.StartsWith('-'):
            await PluggedIn.Draw(prompt);
            return 0;
        default:
            Console.Error.WriteLine("Usage: dotnet run --project samples/CustomScheduler [-- \"a prompt\"]");
            return CommandError.WrongUsage;
    }
}
catch (Exception e)
{
    return CommandError.Write(e);
}
