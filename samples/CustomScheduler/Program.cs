using CustomScheduler;

// Without arguments the scheduler samples known data; with a prompt it draws with the shipped model.
if (args is [])
{
    KnownData.Sample(steps: 8);
    return 0;
}

if (args is [var prompt] && !prompt.StartsWith('-'))
{
    await PluggedIn.Draw(prompt);
    return 0;
}

Console.Error.WriteLine("Usage: dotnet run --project samples/CustomScheduler [-- \"a prompt\"]");
return 2;
